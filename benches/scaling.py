"""Times searches and training steps of growing size, and draws them with the slopes that theory predicts.

    cargo build --release -p eae-cli
    python benches/scaling.py docs/images/scaling.svg

Every measurement is a process of its own with one thread, so its peak memory is known, too. The slope is that of the line
through the last two points in logarithmic coordinates: 1 if time grows in proportion, 2 with the square.
"""
import argparse
import json
import math
import os
import subprocess
import tempfile
from pathlib import Path

COLORS = ["#1b6ca8", "#2a9d5c", "#d08700", "#b5179e", "#666"]
WIDTH, HEIGHT, LEFT, TOP = 280, 220, 55, 30


def measure(program, options):
    """Returns the fastest time in milliseconds, the peak memory in bytes and the whole result."""
    command = [program, "bench", *map(str, options), "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        result = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return result["min_ms"], 1024 * usage.ru_maxrss, result


def search(program, n, d):
    return measure(program, ["knn", "--n", n, "--d", d, "--repeat", 1 if n * d >= 1 << 20 else 5])


def step(program, model, batch):
    return measure(program, ["step", "--model", model, "--batch", batch, "--warmup", 2, "--steps", 5])


def network(folder, width):
    """Describes networks with hidden layers of this width, and returns the path of the description."""
    path = Path(folder) / f"{width}.toml"
    layers = f'"dense {width}", "relu", "dense {width}", "relu"'
    path.write_text(f'encoder = [{layers}]\ndecoder = [{layers}, "dense 784", "sigmoid"]\n')
    return path


def slope(points):
    """Returns the slope of the line through the last two points."""
    (x, y), (last_x, last_y) = points[-2:]
    return math.log(last_y / y) / math.log(last_x / x)


def short(x):
    """Returns a round number as text."""
    zeros = len(str(x)) - len(str(x).rstrip("0"))
    return f"{x // 10**zeros}e{zeros}" if zeros > 2 else str(x)


def panel(number, title, label, lines):
    """Draws lines with their names and the slopes of theory, and returns SVG."""
    x0, y0 = LEFT + (number % 2) * 380, TOP + (number // 2) * 300
    xs = sorted({x for _, _, points in lines for x, _ in points})
    ys = [y for _, _, points in lines for _, y in points]
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))
    at_x = lambda x: x0 + WIDTH * math.log(x / xs[0]) / math.log(xs[-1] / xs[0])
    at_y = lambda y: y0 + HEIGHT * (1 - math.log(y / low) / math.log(high / low))
    path = lambda points: "M" + "L".join(f"{at_x(x):.1f} {at_y(y):.1f}" for x, y in points)
    parts = [f'<rect x="{x0}" y="{y0}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>',
             f'<text x="{x0}" y="{y0 - 8}" font-size="13">{title}</text>',
             f'<text x="{x0 + WIDTH}" y="{y0 + HEIGHT + 28}" font-size="11" text-anchor="end">{label}</text>']
    for decade in range(round(math.log10(low)), round(math.log10(high)) + 1):
        y = at_y(10.0**decade)
        parts.append(f'<path d="M{x0} {y:.1f}h{WIDTH}" stroke="#ddd"/>')
        parts.append(f'<text x="{x0 - 4}" y="{y + 3:.1f}" font-size="10" text-anchor="end">{10.0**decade:g}</text>')
    for x in xs if len(xs) < 8 else xs[::2]:
        parts.append(f'<text x="{at_x(x):.1f}" y="{y0 + HEIGHT + 13}" font-size="10" text-anchor="middle">{short(x)}</text>')
    for (name, theory, points), color in zip(lines, COLORS):
        # The line of theory ends in the last point and begins where it enters the panel.
        end_x, end_y = points[-1]
        start_x = max(points[0][0], end_x * (low / end_y) ** (1 / theory))
        parts.append(f'<path d="{path([(start_x, end_y * (start_x / end_x) ** theory), points[-1]])}" stroke="{color}" '
                     'stroke-dasharray="1 3"/>')
        parts.append(f'<path d="{path(points)}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="2" fill="{color}"/>' for x, y in points]
    for place, ((name, *_), color) in enumerate(zip(lines, COLORS)):
        parts.append(f'<text x="{x0 + 44 * place}" y="{y0 + HEIGHT + 28}" font-size="11" fill="{color}">{name}</text>')
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--eae", default="target/release/eae")
    arguments = parser.parse_args()
    program, panels = arguments.eae, []
    print("| measurement | sizes | ms | slope | in theory | bytes each |\n|---|---|---|---|---|---|", flush=True)

    def series(name, theory, sizes, run):
        points, memory = [], []
        for size in sizes:
            milliseconds, peak, result = run(size)
            points.append((size, milliseconds))
            memory.append((size, result.get("parameters"), peak))
        (few, *parameters, less), (many, *more_parameters, more) = memory[0], memory[-1]
        if parameters != more_parameters:
            [few], [many] = parameters, more_parameters
        each = (more - less) / (many - few)
        ends = [f"{point[1]:.3g}" if point[1] < 1000 else f"{point[1]:.0f}" for point in (points[0], points[-1])]
        print(f"| {name} | {sizes[0]:,} to {sizes[-1]:,} | {' to '.join(ends)} | {slope(points):.2f} | {theory} | {each:.0f} |",
              flush=True)
        return points

    powers = [10**exponent for exponent in range(3, 8)]
    fewer = [*powers[:3], 300_000]
    sizes = [(1, 1, powers), (2, 1, powers), (3, 1, powers), (8, 2, fewer), (20, 2, fewer)]
    panels.append(("search of 4 neighbors, ms", "samples", [
        (f"d = {d}", theory, series(f"search, d = {d}", theory, all_n, lambda n, d=d: search(program, n, d)))
        for d, theory, all_n in sizes]))
    panels.append(("search among 20 000 samples, ms", "dimensions", [
        ("all pairs", 1, series("search among 20 000, by d", 1, [32, 64, 128, 256, 512], lambda d: search(program, 20_000, d)))]))
    batches = [25, 50, 100, 200, 400, 800]
    panels.append(("training step, ms", "batch", [
        (model, 1, series(f"step of {model}, by batch", 1, batches, lambda batch, model=model: step(program, model, batch)))
        for model in ["mlp", "conv28"]]))
    with tempfile.TemporaryDirectory() as folder:
        panels.append(("training step, batch 100, ms", "width of the hidden layers", [
            ("four dense layers", 2, series("step of four dense layers, by width", 2, [256, 512, 1024, 2048, 4096],
                                            lambda width: step(program, network(folder, width), 100)))]))

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 620" font-family="sans-serif">',
             '<rect width="100%" height="100%" fill="white"/>']
    for number, (title, label, lines) in enumerate(panels):
        parts += panel(number, title, label, lines)
    arguments.picture.write_text("\n".join([*parts, "</svg>"]) + "\n")


if __name__ == "__main__":
    main()
