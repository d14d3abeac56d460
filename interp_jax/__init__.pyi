from . import data as data
from . import figures as figures
from . import kernels as kernels
from . import methods as methods
from . import networks as networks
from . import reports as reports

__version__: str
