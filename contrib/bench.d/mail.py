"""mail.py - letters like those that lie in mailboxes, the same ones for the same seed.

What costs a mail server time is the shape of the header (length, number of fields, folding, address lists, encoded words) and
the tree of parts; both follow what is seen in real mailboxes: two to six Received fields, a DKIM signature, the fields that list
managers and filters add, text alone or with its HTML twin, attachments in base64, forwarded letters as message/rfc822.
Sizes are log-normal, half of them below about 4 KB, 12 KB on average, from 500 bytes to 5 MB. Lines end in LF.
"""
import base64
import math
import random

SMALLEST, LARGEST = 500, 5 << 20
MEDIAN, SIGMA = 3900, 1.46
ONE_LARGEST_IN = 10000

FIRST = "Anna Ben Carla David Eva Farid Grace Hugo Ines Jörg Karin Luís Mária Niels Olga Pavel Renée Søren Tamás Ute Wei Yuki".split()
LAST = "Almeida Berg Côté Dvořák Eriksen Fischer García Hansen Ito Jansen Kowalski Lindström Müller Novák Okafor Peña Rossi".split()
HOSTS = ["example.org", "mail.example.com", "lists.example.net", "uni.example.edu", "shop.example", "static-17.isp.example"]
WORDS = ("the of and a to in is you that it he was for on are as with his they at be this have from or one had by word but not what all "
         "were we when your can said there use an each which she do how their if will up other about out many then them these so some "
         "her would make like him into time has look two more write go see number no way could people my than first water been call "
         "who its now find long down day did get come made may part meeting invoice server release patch agenda budget review deadline "
         "Größe café naïve façade Zürich résumé").split()
SUBJECTS = ["Re: ", "", "", "Fwd: ", "[project-dev] ", "Re: [project-dev] ", "AW: "]


def encoded_word(text, rng):
    """A header text as mail programs write it: bare if it is ASCII, else as one or two encoded words."""
    if text.isascii():
        return text
    if rng.random() < 0.5:
        return "=?UTF-8?B?%s?=" % base64.b64encode(text.encode()).decode()
    return "=?utf-8?Q?%s?=" % "".join(c if c.isascii() and c.isalnum() else "_" if c == " " else
                                      "".join("=%02X" % b for b in c.encode()) for c in text)


class Mail:
    """letter(n): the nth letter's bytes. The same seed and n give the same letter, in whatever order they are asked for."""

    def __init__(self, seed=1):
        self.seed = seed
        rng = random.Random(seed)
        self.texts = ["".join(self._paragraph(rng) for _ in range(3)) for _ in range(60)]
        noise = base64.b64encode(rng.randbytes(1 << 20)).decode()
        self.noise = "".join(noise[i:i + 76] + "\n" for i in range(0, len(noise) - 76, 76))

    def letter(self, n):
        rng = random.Random(self.seed * 1000003 + n)
        size = LARGEST if n % ONE_LARGEST_IN == ONE_LARGEST_IN // 2 else math.exp(rng.gauss(math.log(MEDIAN), SIGMA))
        size = int(min(max(size, SMALLEST), LARGEST))
        header = self._short_header(rng, n) if size < 1500 else self._full_header(rng, n, size)
        kind, body = self._body(rng, n, size - len(header) - 120)
        whole = (header + "MIME-Version: 1.0\n" + kind + "\n" + body).encode()
        return whole + b"\n" * max(SMALLEST - len(whole), 0)

    # ---- headers ----

    def _person(self, rng):
        first, last = rng.choice(FIRST), rng.choice(LAST)
        name = first + " " + last
        local = "%s%d" % ("".join(c for c in last.lower() if c.isascii()), rng.randrange(90))
        shown = '"%s, %s"' % (last, first) if name.isascii() and rng.random() < 0.3 else encoded_word(name, rng)
        return "%s <%s@%s>" % (shown, local, rng.choice(HOSTS))

    def _people(self, rng, count):
        return ",\n\t".join(self._person(rng) for _ in range(count))

    def _subject(self, rng):
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(2, 9)))
        return rng.choice(SUBJECTS) + encoded_word(words, rng)

    def _id(self, n, rng):
        return "<%x.%d.%012x@%s>" % (n, 1600000000 + n * 37, rng.getrandbits(48), HOSTS[n % len(HOSTS)])

    def _date(self, rng, n):
        return "%s, %d %s %d %02d:%02d:%02d +0%d00" % (
            "Mon Tue Wed Thu Fri Sat Sun".split()[n % 7], 1 + n % 28, "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[n % 12],
            2015 + n % 10, rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(4))

    def _short_header(self, rng, n):
        return ("Return-Path: <root@%s>\nReceived: by %s (Postfix, from userid 0)\n\tid %X; %s\nFrom: root@%s (Cron Daemon)\nTo: root@%s\n"
                "Subject: Cron <root@host> /usr/local/bin/backup\nMessage-Id: %s\nDate: %s\n" %
                (HOSTS[1], HOSTS[1], n, self._date(rng, n), HOSTS[1], HOSTS[1], self._id(n, rng), self._date(rng, n)))

    def _full_header(self, rng, n, size):
        few = size < 3000
        lines = ["Return-Path: <bounce-%d@%s>" % (n, rng.choice(HOSTS)), "Delivered-To: user%d@example.org" % (n % 50)]
        for hop in range(2 if few else rng.randrange(2, 7)):
            lines.append("Received: from %s (%s [192.0.2.%d])\n\tby mx%d.example.org (Postfix) with ESMTPS id %012X\n\tfor "
                         "<user@example.org>; %s (CET)" % (rng.choice(HOSTS), rng.choice(HOSTS), rng.randrange(1, 255), hop,
                                                           rng.getrandbits(48), self._date(rng, n)))
        if not few:
            lines += self._signatures(rng, n)
        lines += ["From: " + self._person(rng), "To: " + self._people(rng, 1 if rng.random() < 0.7 else rng.randrange(2, 12)),
                  "Subject: " + self._subject(rng), "Date: " + self._date(rng, n), "Message-ID: " + self._id(n, rng)]
        if rng.random() < 0.25:
            lines.append("Cc: " + self._people(rng, rng.randrange(1, 6)))
        if rng.random() < 0.2:
            lines.append("Reply-To: " + self._person(rng))
        if rng.random() < 0.45:
            chain = [self._id(abs(n - back), rng) for back in range(rng.randrange(1, 9), 0, -1)]
            lines += ["In-Reply-To: " + chain[-1], "References: " + "\n ".join(chain)]
        if rng.random() < 0.3:
            lines += ["List-Id: Project development <dev.lists.example.net>", "List-Unsubscribe: <https://lists.example.net/u/%032x>,\n"
                      "\t<mailto:dev-request@lists.example.net?subject=unsubscribe>" % rng.getrandbits(128), "Precedence: list"]
        lines.append("X-Mailer: Mailer %d.%d" % (rng.randrange(1, 20), rng.randrange(10)))
        return "\n".join(lines) + "\n"

    def _signatures(self, rng, n):
        start = rng.randrange(0, 10000) * 77
        blob = self.noise[start:start + 77 * 5].replace("\n", "\n\t ").rstrip()
        domain = HOSTS[n % len(HOSTS)]
        lines = ["DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=s%d;\n\tt=1700000000; bh=%s=;\n"
                 "\th=from:to:subject:date:message-id:mime-version:content-type;\n\tb=%s" % (domain, n % 9, blob[:43], blob),
                 "Authentication-Results: mx.example.org;\n\tdkim=pass header.d=%s header.s=s%d;\n\tspf=pass (sender IP is 192.0.2.%d)"
                 " smtp.mailfrom=%s;\n\tdmarc=pass policy.dmarc=none" % (domain, n % 9, n % 255, domain),
                 "X-Spam-Status: No, score=%.1f required=5.0 tests=BAYES_00,DKIM_SIGNED,DKIM_VALID,\n\tHTML_MESSAGE,SPF_PASS "
                 "autolearn=ham version=3.4.6" % -rng.random(), "X-Virus-Scanned: clean", "X-Originating-IP: 192.0.2.%d" % (n % 255)]
        return lines[:2 + rng.randrange(4)]

    # ---- bodies ----

    @staticmethod
    def _paragraph(rng):
        lines, line = [], ""
        for _ in range(rng.randrange(30, 90)):
            line += rng.choice(WORDS) + " "
            if len(line) > 66:
                lines.append(line.rstrip())
                line = ""
        return "\n".join(lines + [line.rstrip() + "."]) + "\n\n"

    def _text(self, rng, size):
        made, length = [], 0
        while length < size:
            made.append(rng.choice(self.texts))
            length += len(made[-1])
        return "".join(made)[:max(size, 1)].rstrip("\n") + "\n"

    def _quoted_printable(self, text):
        return "".join(c if c.isascii() and c != "=" else "".join("=%02X" % b for b in c.encode()) for c in text)

    def _html(self, rng, size):
        text = self._text(rng, max(size - 120, 1)).replace("\n\n", "</p>\n<p style=3D\"margin:0\">")
        return "<html><head><meta charset=3Dutf-8></head><body>\n<p>%s</p>\n</body></html>\n" % self._quoted_printable(text)

    def _base64(self, rng, size):
        start = rng.randrange(0, 5000) * 77
        whole = self.noise[start:]
        while len(whole) < size:
            whole += self.noise
        return whole[:max(size // 77, 1) * 77]

    def _body(self, rng, n, room):
        """Content-Type and the fields beside it, and the body, of about that many bytes."""
        room = max(room, 40)
        draw = rng.random()
        if room > 12000 and draw < 0.75:
            return self._multipart(rng, n, "mixed", [self._alternative(rng, n, min(room // 4, 9000)),
                                                     self._attachment(rng, n, room - min(room // 4, 9000) - 600)])
        if room > 3000 and draw < 0.06:
            return self._multipart(rng, n, "mixed", [self._plain(rng, 300), self._forwarded(rng, n, room - 700)])
        if room > 1800 and draw < 0.7:
            return self._alternative(rng, n, room)
        return self._plain(rng, room)

    def _plain(self, rng, room):
        way = rng.randrange(3)
        text = self._text(rng, room)
        if way == 0:
            return "Content-Type: text/plain; charset=us-ascii\n", text.encode("ascii", "replace").decode()
        if way == 1:
            return "Content-Type: text/plain; charset=\"utf-8\"; format=flowed\nContent-Transfer-Encoding: 8bit\n", text
        return "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n", self._quoted_printable(text)

    def _alternative(self, rng, n, room):
        html = "Content-Type: text/html; charset=\"utf-8\"\nContent-Transfer-Encoding: quoted-printable\n"
        return self._multipart(rng, n, "alternative", [self._plain(rng, max(room // 3 - 150, 60)), (html, self._html(rng, room * 2 // 3 - 250))])

    def _attachment(self, rng, n, room):
        kind, end = rng.choice([("application/pdf", "pdf"), ("image/jpeg", "jpg"), ("application/octet-stream", "bin"),
                                ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx")])
        name = encoded_word("%s %d.%s" % (rng.choice(WORDS), n, end), rng)
        return ("Content-Type: %s;\n\tname=\"%s\"\nContent-Disposition: attachment;\n\tfilename=\"%s\"\nContent-Transfer-Encoding: base64\n" %
                (kind, name, name), self._base64(rng, room))

    def _forwarded(self, rng, n, room):
        header = self._full_header(rng, n + 7, room)
        kind, body = self._alternative(rng, n + 7, max(room - len(header), 200))
        return "Content-Type: message/rfc822\nContent-Disposition: inline\n", header + "MIME-Version: 1.0\n" + kind + "\n" + body

    def _multipart(self, rng, n, kind, parts):
        boundary = "=_%s-%x-%08x" % (kind[:3], n, rng.getrandbits(32))
        body = "".join("--%s\n%s\n%s\n" % (boundary, head, text) for head, text in parts)
        return ("Content-Type: multipart/%s;\n\tboundary=\"%s\"\n" % (kind, boundary),
                "This is a multi-part message in MIME format.\n" + body + "--%s--\n" % boundary)
