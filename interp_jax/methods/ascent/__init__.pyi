from . import regularizers as regularizers
from .climbing import Ascent as Ascent
from .climbing import maximize as maximize
from .regularizers import box as box
from .regularizers import clip_contribution as clip_contribution
from .regularizers import clip_norm as clip_norm
from .regularizers import gaussian_blur as gaussian_blur
from .regularizers import l2_decay as l2_decay
