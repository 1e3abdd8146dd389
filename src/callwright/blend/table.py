"""Millions of keys → numbers in 20 to 40 bytes each, where a dictionary takes 150; and texts by number.

>>> table = Table()
>>> table.put(eight(b"some digest 1234"), 7)
>>> table.get(eight(b"some digest 1234")), table.get(8)
(7, None)
"""

from __future__ import annotations

from array import array

_FULL = 0.6
"""Share of slots that are taken before there are twice as many; beyond it, looking takes more steps."""
_FIRST = 1 << 10


def eight(digest: bytes) -> int:
    """Return the first 8 bytes of a digest as a key.

    Among a million keys, two that are equal by chance are as likely as one in thirty million.
    """
    return int.from_bytes(digest[:8], "little")


class Table:
    """Keys below 2**64 → numbers below 2**32 - 1, by open addressing over two arrays."""

    def __init__(self) -> None:
        self._count = 0
        self._clear(_FIRST)

    def __len__(self) -> int:
        return self._count

    def _clear(self, slots: int) -> None:
        self._keys = array("Q", bytes(8 * slots))
        self._numbers = array("I", bytes(4 * slots))  # one more than the number; 0 is an empty slot
        self._mask = slots - 1
        self._most = int(slots * _FULL)

    def get(self, key: int) -> int | None:
        """Return the number of a key, or None."""
        number = self._numbers[self._slot(key)]
        return number - 1 if number else None

    def put(self, key: int, number: int) -> None:
        """Give a key its number; a key that has one gets the new one."""
        slot = self._slot(key)
        if not self._numbers[slot]:
            if self._count == self._most:
                self._grow()
                slot = self._slot(key)
            self._count += 1
            self._keys[slot] = key
        self._numbers[slot] = number + 1

    def _slot(self, key: int) -> int:
        """Return where a key stands, or the empty slot where it would."""
        keys, numbers, mask = self._keys, self._numbers, self._mask
        slot = key & mask
        while numbers[slot] and keys[slot] != key:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        keys, numbers = self._keys, self._numbers
        self._clear(2 * len(keys))
        for key, number in zip(keys, numbers, strict=True):
            if number:
                slot = self._slot(key)
                self._keys[slot] = key
                self._numbers[slot] = number


class Texts:
    """Texts by number, in the order in which they came: their UTF-8 and 8 bytes each."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, text: str) -> None:
        """Take a text; it gets the next number."""
        self._text += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._text))

    def __getitem__(self, number: int) -> str:
        return self._text[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")
