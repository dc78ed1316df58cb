"""Contestants take turns; what counts are the ratios within a round."""
import statistics


class Skipped(Exception):
    """A contestant or a scenario cannot run here; the message says why and what to do."""


def spread(values):
    """Least, median and greatest."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def ratios(ours, theirs):
    """Our rate as a multiple of theirs, round by round; both are rates of the same rounds."""
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} rounds against {len(theirs)}")
    return [our / their for our, their in zip(ours, theirs)]


def alternate(contestants, rounds, say):
    """Runs contestants, functions by name that give a rate, in turn; each begins a round equally
    often. One that raises `Skipped` is left out of the other rounds. Gives rates by name, and the
    reasons of those left out."""
    rates, skipped = {name: [] for name in contestants}, {}
    for number in range(rounds):
        names = [name for name in contestants if name not in skipped]
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            try:
                rates[name].append(contestants[name]())
                say(f"  {name}: {rates[name][-1]:,.0f} a second")
            except Skipped as reason:
                skipped[name] = str(reason)
                say(f"  {name}: skipped: {reason}")
    return {name: rate for name, rate in rates.items() if name not in skipped}, skipped


def compare(rates, ours="ogive"):
    """What `alternate` found, as a scenario's result: rates, and ours as a multiple of each."""
    return {
        "rates": {name: spread(rate) | {"rounds": rate} for name, rate in rates.items()},
        "ratios": {name: spread(ratios(rates[ours], rate))
                   for name, rate in rates.items() if name != ours and ours in rates},
    }
