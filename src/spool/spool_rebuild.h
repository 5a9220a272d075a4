// Makes a new database of what can be read of a damaged one, and puts it in its place. Blocking.
#pragma once

#include "spool/salvage.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::spool {

// A message as far as it can be read, with the octets of its records.
struct SalvagedRecords {
    SalvagedMessage message;  // `envelope` null: the record cannot be parsed
    std::string key;
    std::string envelope;
    std::string state;  // empty: there is none, or it cannot be read
    // Of a newer version of this program, which will read it: left as it is.
    bool is_newer = false;
    bool has_newer_state = false;
};

// A body that no message has.
struct LostBody {
    BodyId id;
    std::string file;         // its path, where it is one
    std::string_view octets;  // else; valid during the call
};

class RecordSource {
public:
    virtual ~RecordSource() = default;
    virtual SalvageReport visit(const std::function<void(const SalvagedRecords&)>& use) = 0;
    // After visit().
    virtual void visit_lost_bodies(const std::function<void(const LostBody&)>& use) = 0;
    [[nodiscard]] virtual std::string read_body(
        const Body& body, const std::function<void(std::string_view)>& use) = 0;
};

struct RebuildFailure {
    OpenError error;
    bool is_changed = false;  // the spool; false: nothing in `aside` is needed
};

// The spool's lock is held. `aside` is there; afterwards it has the old database as db/, records
// that cannot be parsed in records/, and bodies without a message in bodies/.
[[nodiscard]] std::optional<RebuildFailure> rebuild_spool(RecordSource& source,
                                                          const std::string& directory,
                                                          const std::string& aside,
                                                          const Clock& clock);

// Where a repair was interrupted while neither database was in place, the damaged one is put back:
// to be called before another repair. The spool's lock is held.
[[nodiscard]] std::optional<OpenError> undo_interrupted_repair(const std::string& directory);

}  // namespace hermetic::spool
