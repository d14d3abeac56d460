from .critical import CriticalRows as CriticalRows
from .critical import critical_rows as critical_rows
from .gradients import loss_sensitivity as loss_sensitivity
