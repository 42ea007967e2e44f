"""What can be wrong with a configuration."""


class ConfigFault(Exception):
    """The user's settings cannot be used. Its text is one sentence: where, which key, what was expected and found.

    `key` is the dotted path of the setting and empty where the source as a whole is at fault.
    """

    def __init__(self, source: str, key: str, expected: str, found: str, advice: str = "") -> None:
        self.source, self.key, self.expected, self.found, self.advice = source, key, expected, found, advice
        place = f"{source}: {key}" if key else source
        sentence = f"{place}: expected {expected}, found {found}"
        super().__init__(f"{sentence}; {advice}" if advice else sentence)
