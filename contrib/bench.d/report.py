"""report.py - from samples to medians, ratios and verdicts; the table and the JSON."""
import json
import os
import platform
import statistics
import sys
import time

OURS = "posthouse"


def summary(samples):
    if not samples:
        return None
    cpu = [sample.cpu for sample in samples if getattr(sample, "cpu", None) is not None]
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "samples": samples,
            "cpu": statistics.median(cpu) if cpu else None}


def ratio_to(ours, other, of):
    return other[of] / ours[of] if ours and other and ours[of] and other[of] else None


def result(row, sizes, samples, notes):
    """One row's outcome. samples: {server: [value]}."""
    values = {name: summary(list_) for name, list_ in samples.items()}
    ours = values.get(OURS)
    ratios, cpu_ratios = ({name: ratio_to(ours, other, of) for name, other in values.items() if name != OURS and ratio_to(ours, other, of)}
                          for of in ("median", "cpu"))
    verdict = "skipped" if not ours else "-"
    if ours and row.most is not None:
        verdict = "met" if ours["median"] <= row.most else "MISSED"
    elif row.bar is not None and ratios:
        verdict = "met" if min(ratios.values()) >= row.bar else "MISSED"
    return {"key": row.key, "what": row.what, "messages": sizes.get(row.size), "unit": row.unit, "bar": row.bar, "most": row.most,
            "values": values, "ratios": ratios, "ratio": min(ratios.values(), default=None),
            "cpu_ratio": min(cpu_ratios.values(), default=None), "verdict": verdict, "notes": notes}


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
        return "<=%g" % result_["most"]
    return "-" if result_["bar"] is None else ">=%.1fx" % result_["bar"]


FORMAT = "%-42s %8s %18s %18s %18s %7s %7s %-7s %7s"


def print_head(servers):
    names = (list(servers) + ["", "", ""])[:3]
    print(FORMAT % ("row", "messages", *names, "ratio", "bar", "verdict", "cpu"))


def print_row(result_, servers):
    cells = [spread(result_["values"].get(name), result_["unit"]) for name in servers]
    cells = (cells + ["", "", ""])[:3]
    ratio, cpu = ("%.2fx" % result_[key] if result_[key] else "-" for key in ("ratio", "cpu_ratio"))
    print(FORMAT % (result_["what"], result_["messages"] or "", *cells, ratio, bar(result_), result_["verdict"], cpu))
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
