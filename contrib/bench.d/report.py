"""report.py - from samples to medians, ratios and verdicts; the table and the JSON."""
import json
import os
import platform
import statistics
import sys
import time

OURS = "posthouse"


def summary(samples):
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "samples": samples} if samples else None


def result(row, sizes, samples, notes):
    """One row's outcome. samples: {server: [value]}."""
    values = {name: summary(list_) for name, list_ in samples.items()}
    ours = values.get(OURS)
    ratios = {}
    if ours:
        for name, other in values.items():
            if name != OURS and other:
                ratios[name] = other["median"] / ours["median"] if ours["median"] else float("inf")
    verdict = "skipped" if not ours else "-"
    if ours and row.most is not None:
        verdict = "met" if ours["median"] <= row.most else "MISSED"
    elif row.bar is not None and ratios:
        verdict = "met" if min(ratios.values()) >= row.bar else "MISSED"
    return {"key": row.key, "what": row.what, "messages": sizes.get(row.size), "unit": row.unit, "bar": row.bar, "most": row.most,
            "values": values, "ratios": ratios, "ratio": min(ratios.values()) if ratios else None, "verdict": verdict, "notes": notes}


def number(value, unit):
    if unit == "s":
        return "%.2f s" % value if value >= 1 else "%.1f ms" % (value * 1000) if value >= 0.01 else "%.2f ms" % (value * 1000)
    return ("%.1f %s" if value < 100 and value % 1 else "%.0f %s") % (value, unit)


def spread(value, unit):
    if not value:
        return "-"
    half = (value["max"] - value["min"]) / 2 / value["median"] * 100 if value["median"] else 0
    return "%s ±%.0f%%" % (number(value["median"], unit), half)


def bar(result_):
    if result_["most"] is not None:
        return "<=%d" % result_["most"]
    return "-" if result_["bar"] is None else ">=%.1fx" % result_["bar"]


FORMAT = "%-42s %8s %18s %18s %18s %7s %7s  %s"


def print_head(servers):
    names = (list(servers) + ["", "", ""])[:3]
    print(FORMAT % ("row", "messages", *names, "ratio", "bar", "verdict"))


def print_row(result_, servers):
    cells = [spread(result_["values"].get(name), result_["unit"]) for name in servers]
    cells = (cells + ["", "", ""])[:3]
    ratio = "-" if result_["ratio"] is None else "%.2fx" % result_["ratio"]
    print(FORMAT % (result_["what"], result_["messages"] or "", *cells, ratio, bar(result_), result_["verdict"]))
    for note in result_["notes"]:
        print("    " + note)
    sys.stdout.flush()


def machine():
    return {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()[0],
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def write_json(path, settings, results):
    whole = {"machine": machine(), "settings": settings, "rows": results,
             "met": sum(r["verdict"] == "met" for r in results), "missed": sum(r["verdict"] == "MISSED" for r in results)}
    with open(path, "w") as f:
        json.dump(whole, f, indent=1)
        f.write("\n")
