from .deconvolution import deconvnet as deconvnet
from .gradients import gradient_times_input as gradient_times_input
from .gradients import integrated_gradients as integrated_gradients
from .patch_differences import prediction_difference as prediction_difference
from .removal import RemovalCurves as RemovalCurves
from .removal import removal_curves as removal_curves
