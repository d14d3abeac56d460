from .calling import Interpretation as Interpretation
from .calling import interpret as interpret
from .planning import Plan as Plan
from .planning import PlannedMethod as PlannedMethod
from .planning import plan as plan
