from .environment import describe as describe
from .run import Run as Run
from .section import Section as Section
from .terminal import progress as progress
from .terminal import summary as summary
