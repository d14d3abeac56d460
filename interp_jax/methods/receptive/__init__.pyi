from .fields import Field as Field
from .fields import field as field
from .fields import sliding as sliding
from .maxima import TopWindows as TopWindows
from .maxima import Windows as Windows
from .maxima import top as top
from .maxima import windows as windows
