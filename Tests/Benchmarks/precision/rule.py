"""What Ogive's rules decide, written a second time: `saving.py` compares both."""
import math


def needed(ranks, count, target):
    """Draws that the least precise candidate needs."""
    shares = [(k + 1) / (count + 2) for k in ranks] or [0.5]
    return math.ceil(max(q * (1 - q) for q in shares) / target**2 * (1 - 1e-12))


def following(draws, ranks, count, target, most):
    """The draws to go on to; `draws` when they are enough."""
    lacking = needed(ranks, count, target) - count
    if count == 0 or draws >= most or lacking <= 0:
        return draws
    step = min(max(lacking, (draws + 3) // 4), draws if ranks else lacking)
    return min(draws + step, most)


def stopped(rewards, candidates, target, first, most):
    """The draws of a prompt, from its rewards by draw index."""
    draws = first
    while True:
        ranks = [sum(r <= c for r in rewards[:draws]) for c in candidates]
        after = following(draws, ranks, draws, target, most)
        if after == draws:
            return draws
        draws = after


def wilson(k, n, z=1.959963984540054):
    """Wilson's interval of level 0.95."""
    center, half = (k + z * z / 2) / (n + z * z), z / (n + z * z) * math.sqrt(
        k * (n - k) / n + z * z / 4)
    return (0.0 if k == 0 else center - half), (1.0 if k == n else center + half)


def weights(n, p):
    """The binomial distribution."""
    return [math.comb(n, k) * p**k * (1 - p)**(n - k) for k in range(n + 1)]


def outcomes(p, decide, first):
    """The exact distribution of (n, k) at the end, for a candidate whose true share is p.
    `decide` gives the draws after n, of which k are at most the candidate's reward."""
    waiting = {first: dict(enumerate(weights(first, p)))}
    ended = {}
    while waiting:
        n = min(waiting)
        more = {}
        for k, chance in waiting.pop(n).items():
            after = decide(n, k)
            if after == n:
                ended[n, k] = ended.get((n, k), 0) + chance
            else:
                row = more.setdefault(after, {})
                row[k] = row.get(k, 0) + chance
        for after, row in more.items():
            steps = weights(after - n, p)
            target = waiting.setdefault(after, {})
            for k, chance in row.items():
                for step, share in enumerate(steps):
                    target[k + step] = target.get(k + step, 0) + chance * share
    return ended
