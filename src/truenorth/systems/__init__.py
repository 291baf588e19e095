"""Systems: the catalogue of ready framings, each on a simulated world and, where there is some, on real data.

    SYSTEMS             the table of systems, by name
    System              system.py: what a system decides, its world and its real data
    new_project         project.py: start a project from a system, in an empty folder
    data                data.py: where the real data comes from, and how it is verified and laid

The framings are files: `catalogue/NAME/world` and `catalogue/NAME/real` hold one each, `framing.yaml`, with
what it reads, and `published.yaml` where a published protocol differs from what we would decide with.
"""

from truenorth.systems.project import new_project
from truenorth.systems.system import SYSTEMS, System

__all__ = ["SYSTEMS", "System", "new_project"]
