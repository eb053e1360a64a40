"""The compiled fit: one vesicle and the fibres that enter it, pixel by pixel, with analytic slopes.

Parameters of a vesicle, in this order: x and y of the centre (um from the middle of the patch), log radius, the
direction of each arm; and, linear, shell, ball, ground and each arm's light. The linear ones are solved for
exactly at every step, none negative but the ground (variable projection); the rest walk by Levenberg-Marquardt.
The weights are those of the model's own light and are renewed between rounds of steps, which makes the result
the most likely one for photons (quasi-likelihood of Poisson and read noise).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.imaging.signal.fit_templates import fill_templates, solve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Image = NDArray[np.float32]

ARMS = 4  # the most fibres that enter one vesicle
SHAPE = 3 + ARMS  # parameters that are searched
LIGHTS = 3 + ARMS  # parameters that are solved for
STEPS = 6  # of a round
ENOUGH = 3e-4  # um, and relative of the radius: shorter steps end a round
SAME = 5e-3  # um, and relative of the radius: starts that come so close lie in one valley
LEAST = 12  # pixels


@kernel
def dot(one: Floats, other: Floats) -> float:
    """Sum of products; four sums side by side, since one alone waits for itself."""
    p, q, r, s = 0.0, 0.0, 0.0, 0.0
    whole = one.shape[0] // 4 * 4
    for i in range(0, whole, 4):
        p += one[i] * other[i]
        q += one[i + 1] * other[i + 1]
        r += one[i + 2] * other[i + 2]
        s += one[i + 3] * other[i + 3]
    for i in range(whole, one.shape[0]):
        p += one[i] * other[i]
    return (p + q) + (r + s)


@kernel
def normal_equations(slopes: Floats, weights: Floats, left: Floats, count: int, matrix: Floats, right: Floats) -> None:
    """Write the normal equations of the first `count` parameters, with these slopes, into `matrix` and `right`."""
    lean = np.empty(left.shape[0])
    for a in range(count):
        for p in range(left.shape[0]):
            lean[p] = weights[p] * slopes[a, p]
        right[a] = dot(lean, left)
        for b in range(a, count):
            matrix[a, b] = dot(lean, slopes[b])
            matrix[b, a] = matrix[a, b]


@kernel
def solve_free(matrix: Floats, right: Floats, free: Flags, lights: Floats) -> int:
    """Solve for the lights that are free; returns the most negative one but the ground, -1 if there is none."""
    count = right.shape[0]
    part, side, found = np.zeros((count, count)), np.zeros(count), np.zeros(count)
    index = np.flatnonzero(free[:count])
    for a in range(index.shape[0]):
        side[a] = right[index[a]]
        for b in range(index.shape[0]):
            part[a, b] = matrix[index[a], index[b]]
    solve(part, side, index.shape[0], found)
    worst, least = -1, 0.0
    lights[:count] = 0.0
    for a in range(index.shape[0]):
        lights[index[a]] = found[a]
        if index[a] != 2 and found[a] * math.sqrt(part[a, a]) < least:
            worst, least = index[a], found[a] * math.sqrt(part[a, a])
    return worst


@kernel
def residuals(rows: Floats, values: Floats, lights: Floats, count: int, left: Floats) -> None:
    """Write what the model leaves of the picture into `left`."""
    left[:] = values
    for a in range(count):
        for p in range(left.shape[0]):
            left[p] -= lights[a] * rows[a, p]


@kernel
def misfit(rows: Floats, weights: Floats, values: Floats, lights: Floats, count: int) -> float:
    """Sum of squared residuals in units of the noise."""
    left = np.empty(values.shape[0])
    residuals(rows, values, lights, count, left)
    for p in range(left.shape[0]):
        left[p] *= left[p]
    return float(dot(left, weights))


@kernel
def solve_lights(rows: Floats, weights: Floats, values: Floats, arms: int, lights: Floats, free: Flags) -> float:
    """Find the best lights, none negative but the ground; `free` says which are not held at 0. Returns chi2."""
    count = 3 + arms
    matrix, right = np.zeros((count, count)), np.zeros(count)
    normal_equations(rows, weights, values, count, matrix, right)
    free[:count] = True
    for _ in range(count):
        worst = solve_free(matrix, right, free, lights)
        if worst < 0:
            break
        free[worst] = False
    return misfit(rows, weights, values, lights, count)


@kernel
def renew_weights(rows: Floats, lights: Floats, noise: Floats, arms: int, weights: Floats) -> None:
    """One over the variance that the model itself has in each pixel; noise: ground, read variance, gain, misfit."""
    for p in range(weights.shape[0]):
        model = lights[2]
        for a in range(3 + arms):
            if a != 2:
                model += lights[a] * rows[a, p]
        own = lights[0] * rows[0, p] + lights[1] * rows[1, p]
        weights[p] = 1.0 / (noise[1] + noise[2] * max(model - noise[0], 0.0) + (noise[3] * own) ** 2)


@kernel
def join_normal(  # noqa: PLR0913  # numba takes plain arrays
    rows: Floats, slopes: Floats, weights: Floats, values: Floats, lights: Floats, arms: int, work: Floats,
    matrix: Floats, right: Floats,
) -> None:  # fmt: skip
    """Write the normal equations of all parameters: the searched ones first, then the lights; `work` has their rows."""
    searched, count = 3 + arms, 3 + arms
    for i in range(3):
        for p in range(values.shape[0]):
            work[i, p] = lights[0] * slopes[i, p] + lights[1] * slopes[3 + i, p]
    for k in range(arms):
        for p in range(values.shape[0]):
            work[0, p] += lights[3 + k] * slopes[6 + 3 * k, p]
            work[1, p] += lights[3 + k] * slopes[7 + 3 * k, p]
            work[3 + k, p] = lights[3 + k] * slopes[8 + 3 * k, p]
    for a in range(count):
        work[searched + a] = rows[a]
    left = work[searched + count]
    residuals(rows, values, lights, count, left)
    normal_equations(work, weights, left, searched + count, matrix, right)


@kernel
def propose(
    matrix: Floats, right: Floats, free: Flags, arms: int, damping: float, step: Floats
) -> None:  # fmt: skip
    """Solve the damped normal equations for a step; parameters that are held or that nothing determines stay."""
    searched, total = 3 + arms, 6 + 2 * arms
    for i in range(total):
        if (i >= searched and not free[i - searched]) or matrix[i, i] <= 0.0:
            for j in range(total):
                matrix[i, j] = 0.0
                matrix[j, i] = 0.0
            matrix[i, i] = 1.0
            right[i] = 0.0
        elif i < searched:
            matrix[i, i] *= 1.0 + damping
    solve(matrix, right, total, step)


@kernel
def move(shape: Floats, first: Floats, step: Floats, arms: int, limits: Floats, trial: Floats) -> float:
    """Take a step within the limits; returns the longest part of it."""
    for i in range(3 + arms):
        trial[i] = shape[i] + min(max(step[i], -0.3), 0.3)
    for i in range(2):
        trial[i] = min(max(trial[i], first[i] - limits[0]), first[i] + limits[0])
    trial[2] = min(max(trial[2], limits[1]), limits[2])
    for k in range(3, 3 + arms):
        trial[k] = min(max(trial[k], first[k] - 0.5), first[k] + 0.5)
    return float(max(abs(trial[0] - shape[0]), abs(trial[1] - shape[1]), abs(trial[2] - shape[2])))


@kernel
def first_weights(values: Floats, noise: Floats, weights: Floats) -> None:
    """Weights to begin with, from the picture itself."""
    for p in range(values.shape[0]):
        weights[p] = 1.0 / (noise[1] + noise[2] * max(values[p] - noise[0], 0.0))


@kernel
def walk(  # noqa: PLR0913  # numba takes plain arrays
    shape: Floats, arms: int, dx: Floats, dy: Floats, values: Floats, noise: Floats,
    tables: Floats, steps: Floats, width: float, limits: Floats, rounds: int, ends: Floats, rows: Floats,
    slopes: Floats, lights: Floats, free: Flags,
) -> float:  # fmt: skip
    """Search from one start; changes `shape`, `rows`, `slopes`, `lights` and `free`. Returns chi2 and log variance.

    `ends` (starts, SHAPE) holds where the first rounds of earlier starts ended; the last row is for this one. What
    ends where another one did is not followed further: infinite.
    """
    weights, work = np.empty(values.shape[0]), np.empty((SHAPE + LIGHTS + 1, values.shape[0]))
    matrix, right, step = np.zeros((SHAPE + LIGHTS, SHAPE + LIGHTS)), np.zeros(SHAPE + LIGHTS), np.zeros(SHAPE + LIGHTS)
    trial, first = shape.copy(), shape.copy()
    new_rows, new_slopes = np.empty_like(rows), np.empty_like(slopes)
    new_lights, new_free = lights.copy(), free.copy()
    fill_templates(shape, arms, dx, dy, tables, steps, width, rows, slopes)
    first_weights(values, noise, weights)
    chi2 = solve_lights(rows, weights, values, arms, lights, free)
    for turn in range(rounds):
        if turn > 0:
            renew_weights(rows, lights, noise, arms, weights)
            chi2 = solve_lights(rows, weights, values, arms, lights, free)
        damping = 1e-2
        for _ in range(STEPS):
            join_normal(rows, slopes, weights, values, lights, arms, work, matrix, right)
            propose(matrix, right, free, arms, damping, step)
            moved = move(shape, first, step, arms, limits, trial)
            fill_templates(trial, arms, dx, dy, tables, steps, width, new_rows, new_slopes)
            new_chi2 = solve_lights(new_rows, weights, values, arms, new_lights, new_free)
            damping *= 0.2 if new_chi2 < chi2 else 6.0
            if new_chi2 < chi2:
                chi2 = new_chi2
                shape[:], rows[:], slopes[:], lights[:], free[:] = trial, new_rows, new_slopes, new_lights, new_free
            if moved < ENOUGH:
                break
        if turn == 0:
            ends[-1] = shape
            for other in ends[:-1]:
                if np.abs(other[:3] - shape[:3]).max() < SAME:
                    return math.inf
    renew_weights(rows, lights, noise, arms, weights)
    # likelihoods of different starts need one scale: the log of the variance counts too
    score = solve_lights(rows, weights, values, arms, lights, free)
    for p in range(values.shape[0]):
        score -= math.log(weights[p])
    return score


@kernel
def tie_lights(matrix: Floats, lights: Floats, shell: int, total: int, work: Floats) -> None:
    """Make one parameter of shell and ball, whose ratio stays as found, in `work`, a copy of `matrix`."""
    ball = shell + 1
    for j in range(total):
        work[shell, j] = lights[0] * matrix[shell, j] + lights[1] * matrix[ball, j]
    for j in range(total):
        if j != shell:
            work[j, shell] = work[shell, j]
    work[shell, shell] = lights[0] * work[shell, shell] + lights[1] * work[shell, ball]


@kernel
def spread(  # noqa: PLR0913  # numba takes plain arrays
    slopes: Floats, rows: Floats, noise: Floats, values: Floats, lights: Floats, free: Flags, arms: int, out: Floats
) -> None:  # fmt: skip
    """Write the variances of x, y and log radius and the misfit into `out`.

    These are the variances of x, of y, of log radius with shell and ball free, of log radius with their ratio
    known, and chi2 over its degrees of freedom.
    """
    weights, rest = np.empty(values.shape[0]), np.empty((SHAPE + LIGHTS + 1, values.shape[0]))
    renew_weights(rows, lights, noise, arms, weights)
    searched, total = 3 + arms, 6 + 2 * arms
    matrix, right = np.zeros((SHAPE + LIGHTS, SHAPE + LIGHTS)), np.zeros(SHAPE + LIGHTS)
    join_normal(rows, slopes, weights, values, lights, arms, rest, matrix, right)
    out[4] = misfit(rows, weights, values, lights, 3 + arms) / max(values.shape[0] - total, 1)
    column, unit = np.zeros(SHAPE + LIGHTS), np.zeros(SHAPE + LIGHTS)
    for case in range(2):
        work = matrix.copy()
        if case == 1:
            tie_lights(matrix, lights, searched, total, work)
        for i in range(total):
            held = (
                work[i, i] <= 0.0 or (i > searched + 2 and not free[i - searched]) or (case == 1 and i == searched + 1)
            )
            if held:
                for j in range(total):
                    work[i, j] = 0.0
                    work[j, i] = 0.0
                work[i, i] = 1.0
        for wanted in range(3):
            if case == 1 and wanted < 2:
                continue
            unit[:] = 0.0
            unit[wanted] = 1.0
            solve(work, unit, total, column)
            out[wanted + (1 if case == 1 else 0)] = max(column[wanted], 0.0)


@kernel
def cut_patch(
    image: Image, usable: Flags, mask: Flags, centre: Ints, half: int, pixel: float, patch: Floats
) -> int:  # fmt: skip
    """Write offsets (um) and values of the usable pixels in a disc into `patch` (3, P); returns how many there are."""
    height, wide = image.shape
    middle = mask.shape[0] // 2
    n = 0
    for j in range(-half, half + 1):
        for i in range(-half, half + 1):
            y, x = centre[1] + j, centre[0] + i
            inside = i * i + j * j <= (half + 0.5) ** 2 and 0 <= y < height and 0 <= x < wide
            if inside and usable[y, x] and not mask[middle + j, middle + i]:
                patch[0, n], patch[1, n], patch[2, n] = i * pixel, j * pixel, image[y, x]
                n += 1
    return n


@kernel
def fit_patch(  # noqa: PLR0913  # numba takes plain arrays
    patch: Floats, start: Floats, arms: int, arm_angle: Floats, noise: Floats, factors: Floats, rounds: int,
    pixel: float, tables: Floats, steps: Floats, width: float, out: Floats,
) -> None:  # fmt: skip
    """Fit one patch from `start` (x, y in um from its middle, radius in um) and from other radii; the best counts."""
    dx, dy, values = patch[0], patch[1], patch[2]
    n = dx.shape[0]
    rows, slopes = np.zeros((LIGHTS, n)), np.zeros((6 + 3 * ARMS, n))
    best_rows, best_slopes = rows.copy(), slopes.copy()
    lights, free = np.zeros(LIGHTS), np.ones(LIGHTS, np.bool_)
    best_lights, best_free, best_shape = lights.copy(), free.copy(), np.zeros(SHAPE)
    limits = np.array([0.5 * start[2] + pixel, math.log(0.03), math.log(steps[0] * tables.shape[1])])
    least = np.inf
    ends = np.empty((factors.shape[0], SHAPE))
    for turn in range(factors.shape[0]):
        shape = np.zeros(SHAPE)
        shape[0], shape[1], shape[2] = start[0], start[1], min(math.log(start[2] * factors[turn]), limits[2])
        shape[3:] = arm_angle
        score = walk(
            shape,
            arms,
            dx,
            dy,
            values,
            noise,
            tables,
            steps,
            width,
            limits,
            rounds,
            ends[: turn + 1],
            rows,
            slopes,
            lights,
            free,
        )
        if score < least:
            least = score
            best_rows[:], best_slopes[:] = rows, slopes
            best_lights[:], best_free[:], best_shape[:] = lights, free, shape
    spread(best_slopes, best_rows, noise, values, best_lights, best_free, arms, out[6:])
    out[0], out[1], out[2] = best_shape[0], best_shape[1], math.exp(best_shape[2])
    out[3], out[4], out[5] = best_lights[0], best_lights[1], best_lights[2]
    for a in range(arms):
        out[11] = max(out[11], best_lights[3 + a])


@kernel
def fit_patches(  # noqa: PLR0913  # numba takes plain arrays
    image: Image, usable: Flags, starts: Floats, halves: Ints, arm_count: Ints, arm_angle: Floats, mask: Flags,
    noise: Floats, factors: Floats, rounds: int, pixel: float, tables: Floats, steps: Floats, width: float,
    out: Floats,
) -> None:  # fmt: skip
    """Fit each start (K, 3: x, y in pixels, radius in um).

    Writes into `out` (K, 12): x and y (pixels), radius (um), shell, ball, ground, the four variances and the
    misfit of `spread`, and the light of the brightest fibre. A patch with too few pixels is left at 0.
    """
    whole = np.zeros((3, mask.shape[1] * mask.shape[2]))
    centre, start = np.zeros(2, np.int64), np.zeros(3)
    for k in range(starts.shape[0]):
        for axis in range(2):
            centre[axis] = round(starts[k, axis])
            start[axis] = (starts[k, axis] - centre[axis]) * pixel
        start[2] = starts[k, 2]
        n = cut_patch(image, usable, mask[k], centre, halves[k], pixel, whole)
        patch = whole[:, :n].copy()
        if n < LEAST + 2 * arm_count[k]:
            continue
        fit_patch(patch, start, arm_count[k], arm_angle[k], noise, factors, rounds, pixel, tables, steps, width, out[k])
        for axis in range(2):
            out[k, axis] = centre[axis] + out[k, axis] / pixel
