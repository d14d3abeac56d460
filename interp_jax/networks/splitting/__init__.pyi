from .listing import Layer as Layer
from .listing import Layers as Layers
from .listing import layers as layers
from .marking import mark as mark
from .parts import NetworkPart as NetworkPart
from .parts import segments as segments
from .parts import split as split
