"""The servers that are measured. Each module has one class:

  name, title          as in results, as people call it
  tuning               lines for the page: what an expert would set, and how "accept only" is arranged
  unsupported(case)    why it cannot run the case, or None (class method)
  version()            of what is measured (class method)
  Class(case, directory, next_hop, group): next_hop is the sink's port, None for a case that only
                       accepts; group is the measure.Group that its processes go into
  start(), stop(), port

All write their queue below `directory`, in the same file system, and say 250 after it is synced as
far as the product can. All have the same ECDSA P-256 certificate kind and TLS 1.3 where the case has
TLS. Logs stay on, at the level that a site would keep.
"""


def classes():
    """name → class, in the order of the page."""
    from .exim import Exim
    from .haraka import Haraka
    from .hermetic import Hermetic
    from .opensmtpd import OpenSmtpd
    from .postfix import Postfix
    return {each.name: each for each in (Hermetic, Postfix, Exim, Haraka, OpenSmtpd)}
