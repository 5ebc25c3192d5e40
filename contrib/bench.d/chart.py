"""chart.py - the ratios as a picture: one bar a row on a logarithmic axis, 1x being as fast as Dovecot, a mark where our own bar is."""
import html
import math

WIDTH, LEFT, RIGHT, TOP, STEP, BAR = 990, 360, 110, 90, 26, 14
LOW, HIGH = 1 / 16, 64
TICKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32, 64)
COLOURS = {"met": "#2e7d4f", "MISSED": "#c0543f", "-": "#7a8794", "skipped": "#7a8794"}


def x(ratio):
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def text(at, y, words, anchor="start", size=13, colour="#222"):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" fill="%s">%s</text>' % (at, y, anchor, size, colour, html.escape(words))


def tick_name(ratio):
    return "%d×" % ratio if ratio >= 1 else "1/%d" % round(1 / ratio)


def name(result):
    return "{what} ({messages:,})".format(**result) if result["messages"] else result["what"]


def axis(bottom):
    made = []
    for tick in TICKS:
        made.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' %
                    (x(tick), TOP - 8, x(tick), bottom, "#444" if tick == 1 else "#e2e2e2"))
        made.append(text(x(tick), TOP - 14, tick_name(tick), "middle", 11, "#555"))
    return made


def one_row(y, result):
    colour = COLOURS[result["verdict"]]
    start, end = sorted((x(1), x(result["ratio"])))
    made = [text(LEFT - 10, y + BAR - 2, name(result), "end"),
            '<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>' % (start, y, max(end - start, 1), BAR, colour)]
    if result["bar"] is not None:
        made.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#111" stroke-width="2"/>' %
                    (x(result["bar"]), y - 3, x(result["bar"]), y + BAR + 3))
    return made + [text(WIDTH - RIGHT + 12, y + BAR - 2, "%.2f×" % result["ratio"], size=13, colour=colour)]


def write_chart(path, results):
    timed = [r for r in results if r["ratio"] is not None and r["most"] is None]
    limits = [r for r in results if r["most"] is not None and r["values"].get("posthouse")]
    bottom = TOP + STEP * len(timed)
    height = bottom + 40 + 22 * len(limits)
    made = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif">' %
            (WIDTH, height, WIDTH, height), '<rect width="100%" height="100%" fill="#fff"/>',
            text(20, 28, "Posthouse beside Dovecot 2.3", size=19),
            text(20, 50, "How many times faster (right of 1×) or slower (left) than the faster Dovecot; the black mark is the bar to reach.",
                 colour="#555")] + axis(bottom)
    for i, result in enumerate(timed):
        made += one_row(TOP + 4 + STEP * i, result)
    for i, result in enumerate(limits):
        value = result["values"]["posthouse"]["median"]
        made.append(text(LEFT - 10, bottom + 34 + 22 * i, result["what"], "end"))
        made.append(text(LEFT, bottom + 34 + 22 * i, "%.0f %s, at most %d" % (value, result["unit"], result["most"]),
                         colour=COLOURS[result["verdict"]]))
    with open(path, "w") as f:
        f.write("\n".join(made + ["</svg>"]) + "\n")
