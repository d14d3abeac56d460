from . import data as data
from . import figures as figures
from . import interpreting as interpreting
from . import kernels as kernels
from . import methods as methods
from . import networks as networks
from . import reports as reports
from .interpreting import Interpretation as Interpretation
from .interpreting import Plan as Plan
from .interpreting import PlannedMethod as PlannedMethod
from .interpreting import interpret as interpret
from .interpreting import plan as plan

__version__: str
