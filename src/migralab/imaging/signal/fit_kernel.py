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

from migralab.core.kernel import kernel

ARMS = 4  # the most fibres that enter one vesicle
SHAPE = 3 + ARMS  # parameters that are searched
LIGHTS = 3 + ARMS  # parameters that are solved for
STEPS = 6


@kernel
def solve(matrix, right, count, out):  # type: ignore[no-untyped-def]  # numba infers them
    """Solve a small symmetric system by elimination; a parameter that nothing determines stays 0."""
    a = matrix[:count, :count].copy()
    b = right[:count].copy()
    for i in range(count):
        floor = 1e-9 * matrix[i, i] + 1e-30
        if a[i, i] <= floor:
            a[i, i] = 1e30
        for j in range(i + 1, count):
            factor = a[j, i] / a[i, i]
            for k in range(i, count):
                a[j, k] -= factor * a[i, k]
            b[j] -= factor * b[i]
    for i in range(count - 1, -1, -1):
        total = b[i]
        for k in range(i + 1, count):
            total -= a[i, k] * out[k]
        out[i] = total / a[i, i]


@kernel
def at_radius(tables, step, radius, out):  # type: ignore[no-untyped-def]  # as above
    """Interpolate shell, ball and their slopes at one radius: (distance, 6) into `out`."""
    rows, columns = tables.shape[1], tables.shape[2]
    i = min(max(radius / step - 1.0, 0.0), rows - 1.001)
    i0 = int(i)
    u = i - i0
    for t in range(6):
        for j in range(columns):
            out[j, t] = (1 - u) * tables[t, i0, j] + u * tables[t, i0 + 1, j]


@kernel
def fill_templates(shape, arms, dx, dy, tables, steps, width, rows, slopes):  # type: ignore[no-untyped-def]  # as above
    """Light of each part per unit (LIGHTS, P), and the slopes that need its lights later (6 + 3 ARMS, P)."""
    radius = math.exp(shape[2])
    profile = np.empty((tables.shape[2], 6))
    at_radius(tables, steps[0], radius, profile)
    last = tables.shape[2] - 1.001
    for p in range(dx.shape[0]):
        x, y = dx[p] - shape[0], dy[p] - shape[1]
        distance = math.sqrt(x * x + y * y) + 1e-12
        j = min(distance / steps[1], last)
        j0 = int(j)
        v = j - j0
        near, far = profile[j0], profile[j0 + 1]
        rows[0, p], rows[1, p], rows[2, p] = near[0] + v * (far[0] - near[0]), near[1] + v * (far[1] - near[1]), 1.0
        for t in range(2):
            by_distance = (near[4 + t] + v * (far[4 + t] - near[4 + t])) / distance
            slopes[3 * t, p] = -by_distance * x
            slopes[3 * t + 1, p] = -by_distance * y
            slopes[3 * t + 2, p] = (near[2 + t] + v * (far[2 + t] - near[2 + t])) * radius
    for k in range(arms):
        c, s = math.cos(shape[3 + k]), math.sin(shape[3 + k])
        for p in range(dx.shape[0]):
            x, y = dx[p] - shape[0], dy[p] - shape[1]
            along, across = (x * c + y * s) / width, (y * c - x * s) / width
            gauss, part, edge = 0.0, 0.0, 0.0
            if along > -4.0 and abs(across) < 5.0:
                gauss = math.exp(-0.5 * across * across) / (2.5066282746 * width)
                part = 1.0
                if along < 4.0:
                    part = 0.5 * (1.0 + math.erf(along / 1.4142135624))
                    edge = gauss * math.exp(-0.5 * along * along) / (2.5066282746 * width)
            side = -across / width * gauss * part
            rows[3 + k, p] = gauss * part
            slopes[6 + 3 * k, p] = -c * edge + s * side
            slopes[7 + 3 * k, p] = -s * edge - c * side
            slopes[8 + 3 * k, p] = (across * edge - along * side) * width


@kernel
def solve_lights(rows, weights, values, arms, lights, free):  # type: ignore[no-untyped-def]  # as above
    """Best lights, none negative but the ground; `free` says which are not held at 0. Returns chi2."""
    count = 3 + arms
    matrix, right = np.zeros((count, count)), np.zeros(count)
    for p in range(values.shape[0]):
        if weights[p] > 0.0:
            for a in range(count):
                lean = weights[p] * rows[a, p]
                right[a] += lean * values[p]
                for b in range(a, count):
                    matrix[a, b] += lean * rows[b, p]
    for a in range(count):
        free[a] = True
        for b in range(a):
            matrix[a, b] = matrix[b, a]
    part, side, found = np.zeros((count, count)), np.zeros(count), np.zeros(count)
    index = np.zeros(count, np.int64)
    for _ in range(count):
        n = 0
        for a in range(count):
            if free[a]:
                index[n] = a
                n += 1
        for a in range(n):
            side[a] = right[index[a]]
            for b in range(n):
                part[a, b] = matrix[index[a], index[b]]
        solve(part, side, n, found)
        worst, least = -1, 0.0
        for a in range(n):
            if index[a] != 2 and found[a] * math.sqrt(part[a, a]) < least:
                worst, least = index[a], found[a] * math.sqrt(part[a, a])
        if worst < 0:
            break
        free[worst] = False
    for a in range(count):
        lights[a] = 0.0
    for a in range(n):
        lights[index[a]] = found[a]
    chi2 = 0.0
    for p in range(values.shape[0]):
        if weights[p] > 0.0:
            model = 0.0
            for a in range(count):
                model += lights[a] * rows[a, p]
            chi2 += weights[p] * (values[p] - model) ** 2
    return chi2


@kernel
def renew_weights(rows, lights, usable, noise, arms, weights):  # type: ignore[no-untyped-def]  # as above
    """One over the variance that the model itself has in each pixel; noise: ground, read variance, gain, misfit."""
    for p in range(usable.shape[0]):
        weights[p] = 0.0
        if usable[p] > 0.0:
            model = lights[2]
            for a in range(3 + arms):
                if a != 2:
                    model += lights[a] * rows[a, p]
            own = lights[0] * rows[0, p] + lights[1] * rows[1, p]
            weights[p] = 1.0 / (noise[1] + noise[2] * max(model - noise[0], 0.0) + (noise[3] * own) ** 2)


@kernel
def join_normal(rows, slopes, weights, values, lights, arms, matrix, right):  # type: ignore[no-untyped-def]  # as above
    """Normal equations of all parameters: the searched ones first, then the lights."""
    searched, count = 3 + arms, 3 + arms
    total = searched + count
    slope = np.empty(total)
    matrix[:total, :total] = 0.0
    right[:total] = 0.0
    for p in range(values.shape[0]):
        if weights[p] > 0.0:
            model = 0.0
            for a in range(count):
                model += lights[a] * rows[a, p]
                slope[searched + a] = rows[a, p]
            for i in range(3):
                slope[i] = lights[0] * slopes[i, p] + lights[1] * slopes[3 + i, p]
            for k in range(arms):
                slope[0] += lights[3 + k] * slopes[6 + 3 * k, p]
                slope[1] += lights[3 + k] * slopes[7 + 3 * k, p]
                slope[3 + k] = lights[3 + k] * slopes[8 + 3 * k, p]
            left = weights[p] * (values[p] - model)
            for i in range(total):
                right[i] += slope[i] * left
                lean = weights[p] * slope[i]
                for j in range(i, total):
                    matrix[i, j] += lean * slope[j]
    for i in range(total):
        for j in range(i):
            matrix[i, j] = matrix[j, i]


@kernel
def walk(shape, arms, dx, dy, values, usable, noise, tables, steps, width, limits, rounds, rows, slopes, lights, free):  # type: ignore[no-untyped-def]  # as above
    """Search from one start; changes `shape`, `rows`, `slopes`, `lights` and `free`. Returns chi2."""
    searched = 3 + arms
    weights = np.empty(values.shape[0])
    matrix, right, step = np.zeros((SHAPE + LIGHTS, SHAPE + LIGHTS)), np.zeros(SHAPE + LIGHTS), np.zeros(SHAPE + LIGHTS)
    trial, first = shape.copy(), shape.copy()
    new_rows, new_slopes = np.empty_like(rows), np.empty_like(slopes)
    new_lights, new_free = lights.copy(), free.copy()
    fill_templates(shape, arms, dx, dy, tables, steps, width, rows, slopes)
    for p in range(values.shape[0]):  # to begin with, weights from the picture
        weights[p] = 0.0
        if usable[p] > 0.0:
            weights[p] = 1.0 / (noise[1] + noise[2] * max(values[p] - noise[0], 0.0))
    chi2 = solve_lights(rows, weights, values, arms, lights, free)
    for turn in range(rounds):
        if turn > 0:
            renew_weights(rows, lights, usable, noise, arms, weights)
            chi2 = solve_lights(rows, weights, values, arms, lights, free)
        damping = 1e-2
        for _ in range(STEPS):
            join_normal(rows, slopes, weights, values, lights, arms, matrix, right)
            total = searched + 3 + arms
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
            moved = 0.0
            for i in range(searched):
                change = min(max(step[i], -0.3), 0.3)
                trial[i] = shape[i] + change
            for i in range(2):
                trial[i] = min(max(trial[i], first[i] - limits[0]), first[i] + limits[0])
            trial[2] = min(max(trial[2], limits[1]), limits[2])
            for k in range(arms):
                trial[3 + k] = min(max(trial[3 + k], first[3 + k] - 0.5), first[3 + k] + 0.5)
            for i in range(3):
                moved = max(moved, abs(trial[i] - shape[i]))
            fill_templates(trial, arms, dx, dy, tables, steps, width, new_rows, new_slopes)
            new_chi2 = solve_lights(new_rows, weights, values, arms, new_lights, new_free)
            if new_chi2 < chi2:
                chi2 = new_chi2
                shape[:] = trial
                rows[:] = new_rows
                slopes[:] = new_slopes
                lights[:] = new_lights
                free[:] = new_free
                damping *= 0.2
            else:
                damping *= 6.0
            if moved < 3e-4:
                break
    renew_weights(rows, lights, usable, noise, arms, weights)
    # likelihoods of different starts need one scale: the log of the variance counts too
    score = 0.0
    for p in range(values.shape[0]):
        if weights[p] > 0.0:
            score -= math.log(weights[p])
    return solve_lights(rows, weights, values, arms, lights, free) + score


@kernel
def spread(slopes, rows, usable, noise, values, lights, free, arms, out):  # type: ignore[no-untyped-def]  # as above
    """Variances of x, y and log radius with all lights free, and reduced chi2, into `out`.

    `out`: variance of x, of y, of log radius with shell and ball free, the same with their ratio known, reduced
    chi2, ratio of known-ratio information used.
    """
    weights = np.empty(values.shape[0])
    renew_weights(rows, lights, usable, noise, arms, weights)
    searched, total = 3 + arms, 6 + 2 * arms
    matrix, right = np.zeros((SHAPE + LIGHTS, SHAPE + LIGHTS)), np.zeros(SHAPE + LIGHTS)
    join_normal(rows, slopes, weights, values, lights, arms, matrix, right)
    chi2, used = 0.0, 0
    for p in range(values.shape[0]):
        if weights[p] > 0.0:
            model = 0.0
            for a in range(3 + arms):
                model += lights[a] * rows[a, p]
            chi2 += weights[p] * (values[p] - model) ** 2
            used += 1
    out[4] = chi2 / max(used - 6 - 2 * arms, 1)
    column, unit = np.zeros(SHAPE + LIGHTS), np.zeros(SHAPE + LIGHTS)
    for case in range(2):
        work = matrix.copy()
        if case == 1:  # one light with the ratio of shell to ball as found
            s, b = searched, searched + 1
            for j in range(total):
                work[s, j] = lights[0] * matrix[s, j] + lights[1] * matrix[b, j]
            for j in range(total):
                matrix[s, j] = work[s, j]
            for j in range(total):
                work[j, s] = lights[0] * matrix[j, s] + lights[1] * matrix[j, b]
        for i in range(total):
            held = work[i, i] <= 0.0 or (i > searched + 2 and not free[i - searched]) or (case == 1 and i == searched + 1)
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
def fit_patches(image, usable, starts, halves, arm_count, arm_angle, mask, noise, factors, rounds, pixel, tables, steps, width, out):  # type: ignore[no-untyped-def]  # as above
    """Fit each start (K, 3: x, y in pixels, radius in um); `out` (K, 16): see `sphere_fit`."""
    height, wide = image.shape
    longest = 0
    for k in range(starts.shape[0]):
        longest = max(longest, halves[k])
    size = (2 * longest + 1) ** 2
    for k in range(starts.shape[0]):
        half, arms = halves[k], arm_count[k]
        cx, cy = int(round(starts[k, 0])), int(round(starts[k, 1]))
        dx, dy, values, good = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
        n, seen = 0, 0
        for j in range(-half, half + 1):
            for i in range(-half, half + 1):
                y, x = cy + j, cx + i
                if i * i + j * j <= (half + 0.5) ** 2 and 0 <= y < height and 0 <= x < wide:
                    dx[n], dy[n], values[n] = i * pixel, j * pixel, image[y, x]
                    good[n] = 0.0
                    if usable[y, x] and not mask[k, j + longest, i + longest]:
                        good[n] = 1.0
                        seen += 1
                    n += 1
        if seen < 12 + 2 * arms:
            out[k, 3] = np.inf
            continue
        dx, dy, values, good = dx[:n], dy[:n], values[:n], good[:n]
        rows, slopes = np.zeros((LIGHTS, n)), np.zeros((6 + 3 * ARMS, n))
        best_rows, best_slopes = rows.copy(), slopes.copy()
        lights, free = np.zeros(LIGHTS), np.ones(LIGHTS, np.bool_)
        best_lights, best_free, best_shape = lights.copy(), free.copy(), np.zeros(SHAPE)
        limits = np.array([0.5 * starts[k, 2] + pixel, math.log(0.03), math.log(steps[0] * tables.shape[1])])
        least = np.inf
        for factor in factors:
            shape = np.zeros(SHAPE)
            shape[0] = (starts[k, 0] - cx) * pixel
            shape[1] = (starts[k, 1] - cy) * pixel
            shape[2] = min(math.log(starts[k, 2] * factor), limits[2])
            shape[3:] = arm_angle[k]
            score = walk(
                shape, arms, dx, dy, values, good, noise, tables, steps, width, limits, rounds, rows, slopes, lights, free
            )
            if score < least:
                least = score
                best_rows[:], best_slopes[:] = rows, slopes
                best_lights[:], best_free[:], best_shape[:] = lights, free, shape
        spread(best_slopes, best_rows, good, noise, values, best_lights, best_free, arms, out[k, 6:])
        out[k, 0] = cx + best_shape[0] / pixel
        out[k, 1] = cy + best_shape[1] / pixel
        out[k, 2] = math.exp(best_shape[2])
        out[k, 3] = best_lights[0]
        out[k, 4] = best_lights[1]
        out[k, 5] = best_lights[2]
        fibre = 0.0
        for a in range(arms):
            fibre = max(fibre, best_lights[3 + a])
        out[k, 12] = fibre
        out[k, 13] = least
