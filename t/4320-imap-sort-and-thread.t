#!/usr/bin/env python3
# SORT (RFC 5256, RFC 5957, RFC 5267) and THREAD (RFC 5256): examples, and the answers of another server on random letters.
import base64, os, random, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

R = random.Random(20261123)
NAMES = ["Anna", "anna", "Zo\u00eb", "ben", "Ben", "\u00c4rger", "_under", "Q"]
SUBJECTS = ["lunch", "Lunch", "plan B", "[list] plan B", "zebra", "\u00dcbung", "Ubung", "a  b", ""]
LEADERS = ["", "", "Re: ", "RE:", "re [2]: ", "Fwd: ", "[x] Re: ", "Fw: [y] ", "[fwd: %s]", "%s (fwd)"]


def word(text):
    return text if text.isascii() else "=?utf-8?b?%s?=" % base64.b64encode(text.encode()).decode()


def letters(n):
    """Random letters that answer one another, some with the same id, without one, or referring to what is not there."""
    ids, found = [], []
    for i in range(n):
        subject, leader = R.choice(SUBJECTS), R.choice(LEADERS)
        subject = leader % subject if "%s" in leader else leader + subject
        lines = ["From: %s <%s@example.org>" % (word(R.choice(NAMES)), R.choice(NAMES[:2] + ["b", "c"])),
                 "To: %s@example.org" % R.choice("xyz"), "Subject: " + word(subject),
                 "Date: Mon, %d Nov 2026 %02d:%02d:%02d %s" % (R.randint(1, 22), R.randint(0, 23), R.randint(0, 59), i % 60,
                                                               R.choice(["+0000", "+0100", "-0500"]))]
        known = R.sample(ids, min(len(ids), R.randint(0, 3))) + (["<gone%d@x>" % R.randint(1, 5)] if R.random() < 0.2 else [])
        if known and R.random() < 0.7:
            lines.append("References: " + " ".join(known))
        elif known:
            lines.append("In-Reply-To: " + known[0])
        if R.random() < 0.9:
            ids.append("<%d@x>" % i)
            lines.append("Message-ID: " + ids[-1])
        found.append(("\n".join(lines) + "\n\n" + "text\n" * R.randint(1, 9)).encode())
    return found


server = Sandbox(users=["anna"])
dovecot = Dovecot(server)
anna = server.user("anna")
for sub in ("cur", "new", "tmp"):
    os.makedirs(os.path.join(anna.maildir, sub))
for i, text in enumerate(letters(150)):
    path = os.path.join(anna.maildir, "cur", "%d.M%dP1.host:2,S" % (1700000000 + i, i))
    open(path, "wb").write(text)
    os.utime(path, (1700000000 + i * 37 % 1000,) * 2)
subprocess.run(["chown", "-R", "%d:%d" % (anna.uid, anna.uid if ROOT else os.getgid()), anna.home], check=True)
ours, theirs = Client(server, "anna"), Client(dovecot, "anna")
for client in (ours, theirs):
    client.ok("SELECT INBOX")


def answer(client, command, word):
    lines = client.ok(command).untagged(r"^\* " + word)
    equal(len(lines), 1)
    return lines[0].decode()


def plain(box_messages, *commands):
    """Answers of a session of its own over these messages."""
    box = Maildir()
    for text in box_messages:
        box.add(text.encode(), flags="")
    s = Session(box)
    s.ok("SELECT INBOX")
    return [s.ok(c).lines[-1].decode() for c in commands]


for criteria in ("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "TO", "REVERSE DATE", "FROM REVERSE DATE", "DISPLAYFROM", "SUBJECT DATE",
                 "SIZE REVERSE FROM ARRIVAL"):
    @test("SORT (%s) is as other servers have it" % criteria)
    def _(criteria=criteria):
        for command in ("SORT", "UID SORT"):
            equal(answer(ours, "%s (%s) UTF-8 ALL" % (command, criteria), "SORT"),
                  answer(theirs, "%s (%s) UTF-8 ALL" % (command, criteria), "SORT"))


@test("SORT takes search keys, and RETURN gives the order as ESEARCH")
def _():
    order = answer(ours, "UID SORT (REVERSE DATE) UTF-8 SUBJECT lunch", "SORT").split()[2:]
    equal(order, answer(theirs, "UID SORT (REVERSE DATE) UTF-8 SUBJECT lunch", "SORT").split()[2:])
    line = answer(ours, "UID SORT RETURN (MIN MAX COUNT ALL) (REVERSE DATE) UTF-8 SUBJECT lunch", "ESEARCH")
    got = re.search(r" UID MIN (\d+) MAX (\d+) COUNT (\d+) ALL (\S+)$", line)
    equal([got[1], got[2], int(got[3])], [order[0], order[-1], len(order)])
    spread = []
    for part in got[4].split(","):
        a, _, b = part.partition(":")
        spread += [str(n) for n in range(int(a), int(b or a) + 1)]
    equal(spread, order)
    matches(answer(ours, "UID SORT RETURN (PARTIAL 1:2) (REVERSE DATE) UTF-8 SUBJECT lunch", "ESEARCH"),
            r" PARTIAL \(1:2 %s[,:]%s\)$" % tuple(order[:2]))


@test("what is no SORT or THREAD is refused, and a character set that nobody knows")
def _():
    for wrong in ("SORT () UTF-8 ALL", "SORT (RUBBISH) UTF-8 ALL", "SORT (REVERSE) UTF-8 ALL", "SORT DATE UTF-8 ALL", "SORT (DATE) UTF-8",
                  "SORT (DATE)", "THREAD", "THREAD REFS UTF-8 ALL", "THREAD REFERENCES UTF-8", "SORT (%s) UTF-8 ALL" % " ".join(["DATE"] * 17)):
        ours.bad(wrong)
        ours.ok("NOOP")
    ours.no("SORT (DATE) X-NOBODY ALL", "BADCHARSET")


@test("base subjects lose what replies, forwards and lists put around them")
def _():
    same = ["Subject: %s\n\n" % s for s in ("plan", "Re: plan", "re : Re: PLAN", "[list] Re: plan", "[fwd: plan]", "plan (fwd)", "Fw: [a] plan (Fwd) ",
                                            "Re [2]: plan", "[a] [b] plan", "=?utf-8?q?Re=3A_plan?=")]
    other = ["Subject: %s\n\n" % s for s in ("plant", "[plan]", "a plan", "Replan: x")]
    lines = plain(same + other, "THREAD ORDEREDSUBJECT UTF-8 ALL")
    equal(lines[0].count("(1 (2)"), 1, lines[0])
    first = lines[0].split("(11")[0]
    equal(sorted(int(n) for n in re.findall(r"\d+", first)), list(range(1, 11)), lines[0])


@test("THREAD ORDEREDSUBJECT is as other servers have it")
def _():
    equal(answer(ours, "THREAD ORDEREDSUBJECT UTF-8 ALL", "THREAD"), answer(theirs, "THREAD ORDEREDSUBJECT UTF-8 ALL", "THREAD"))


@test("THREAD REFERENCES is as other servers have it")
def _():
    a, b = (answer(c, "UID THREAD REFERENCES UTF-8 ALL", "THREAD") for c in (ours, theirs))
    equal(a, b)


@test("a thread may be as deep as there are messages, and references may go in circles")
def _():
    chain = ["Subject: x\nMessage-ID: <%d@x>\nReferences: <%d@x>\n\n" % (i, i - 1) for i in range(2000)]
    line = plain(chain, "THREAD REFERENCES UTF-8 ALL")[0]
    equal(line, "* THREAD (%s)" % " ".join(str(i + 1) for i in range(2000)))
    circle = ["Subject: a\nMessage-ID: <%d@x>\nReferences: <%d@x> <%d@x>\n\n" % (i, (i + 1) % 3, (i + 2) % 3) for i in range(3)]
    line = plain(circle, "THREAD REFERENCES UTF-8 ALL")[0]
    equal(sorted(re.findall(r"\d+", line)), ["1", "2", "3"])


run()
