"""What can be wrong with stored models, named by whose fault it is."""


class ModelFault(Exception):
    """A stored model cannot be used."""


class WeightsCorrupt(ModelFault):
    """The file's fault: missing, altered, or not the weights it claims to be; an older version may be intact."""


class StateRefused(ModelFault):
    """The saved state was made by another version or with other settings: begin anew without it."""
