"""What a record of a run means: lost, changed, repeated, or as promised."""

from collections import Counter

from load import DELAY, EXPIRY, Contents, kind_of, notices_due, number_of, recipients_of, sender_of

# Between the sink's 250 and the server's durable record of it lies a group commit. It must not
# take longer than this, or a crash would repeat mail that was delivered long ago.
WINDOW = 2.0

RULE = f"""A second copy (of a message, of a notice) is allowed only where a crash stood between the sink's 250 and
the server's record:
 1. the copy before it had ended before that crash, the copy after it began after that crash;
 2. the copy before it had ended within {WINDOW:g} s of that crash (the record is durable by then);
 3. it is the same, octet for octet: a notice is never written a second time;
 so at each crash at most those messages repeat that the sinks answered in its last {WINDOW:g} s."""


class Verdict:
    def __init__(self, record):
        self.record = record
        self.repeated = []   # (what, seconds between the copy before and its crash, that crash)
        self.unexcused = []

    def problems(self):
        self._judge_copies()
        out = list(self._wrong_arrivals()) + list(self._wrong_notices()) + list(self._refusals())
        return out + self.unexcused + self.record.strange

    def _wrong_arrivals(self):
        for recipient, copies in self.record.arrivals.items():
            number = number_of(recipient)
            promise = self.record.promises.get(number)
            if promise is None or recipient not in recipients_of(number):
                yield f"{recipient} was never sent anything"
                continue
            if promise.outcome == "refused":
                yield f"{recipient} got what was refused ({promise.reply})"
            if any(copy.digest != promise.digest for copy in copies):
                yield f"{recipient} got other octets than were sent{self._difference(recipient)}"

    def _difference(self, recipient):
        """Where an arrival that was kept begins to differ."""
        got = self.record.changed.get(recipient)
        if got is None:
            return ""
        sent = Contents(self.record.seed).content(number_of(recipient))
        body = got[max(0, got.find(b"Subject: crash")):]
        at = next((i for i, (a, b) in enumerate(zip(sent, body)) if a != b), min(len(sent), len(body)))
        return (f": {len(sent)} sent, {len(body)} came, the first difference at {at}: "
                f"{sent[max(0, at - 20):at + 40]!r} became {body[max(0, at - 20):at + 40]!r}")

    def _wrong_notices(self):
        for (number, action), copies in self.record.notices.items():
            promise = self.record.promises.get(number)
            if promise is None or promise.outcome == "refused":
                yield f"{sender_of(number)} was told about what was never accepted"
            elif action not in notices_due(number) and not self._is_old(number, promise, action):
                yield f"{sender_of(number)} was told {action}, but nothing was"
            if len({copy.digest for copy in copies}) > 1:
                yield f"{sender_of(number)} was told {action} by two different notices"

    def _is_old(self, number, promise, action):
        """Whether mail that should go at once became so old that its sender is rightly told."""
        if kind_of(number) == "nobody" or action == "failed" and kind_of(number) != "mail":
            return False
        ends = [min(copy.ended for copy in self.record.arrivals[recipient])
                for recipient in recipients_of(number) if recipient in self.record.arrivals]
        return bool(ends) and max(ends) - promise.at >= (DELAY if action == "delayed" else EXPIRY)

    def _refusals(self):
        for number, promise in self.record.promises.items():
            if promise.outcome == "refused":
                yield f"message {number} was refused: {promise.reply}"

    def _judge_copies(self):
        for what in (self.record.arrivals, self.record.notices):
            for key, copies in what.items():
                copies = sorted(copies, key=lambda copy: copy.ended)
                for first, second in zip(copies, copies[1:]):
                    self._judge(key, first, second)

    def _judge(self, key, first, second):
        for which, (before, gone) in enumerate(self.record.crashes):
            # The sink may read what lay in the socket a moment after the process has gone.
            if first.began <= gone and first.ended >= before - WINDOW and second.began >= before:
                self.repeated.append((key, max(0.0, before - first.ended), which))
                return
        self.unexcused.append(f"a second copy to {key} that no crash excuses")

    def summary(self):
        record = self.record
        outcomes = Counter(promise.outcome for promise in record.promises.values())
        kinds = Counter(kind_of(number) for number, promise in record.promises.items()
                        if promise.outcome == "accepted")
        notices = Counter(action for _, action in record.notices)
        each = Counter(which for _, _, which in self.repeated)
        yield (f"{len(record.promises)} messages sent: {outcomes['accepted']} accepted, "
               f"{outcomes['refused']} refused, {outcomes['unknown']} cut off without a reply")
        yield "accepted: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield (f"{sum(map(len, record.arrivals.values()))} arrivals for {len(record.arrivals)} recipients; "
               f"notices of failure for {notices['failed']}, of delay for {notices['delayed']} messages")
        yield ", ".join(f"{what}: {count}" for what, count in sorted(record.counts.items()))
        told = sum(isinstance(key, tuple) for key, _, _ in self.repeated)
        yield (f"{len(self.repeated)} second copies after {len(record.crashes)} crashes, {told} of them of "
               f"notices; at most {max(each.values(), default=0)} after one crash, the oldest "
               f"{max((age for _, age, _ in self.repeated), default=0):.3f} s before its crash")
