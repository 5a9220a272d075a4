// The log: a subscriber of the stream of events that writes a line for each, JSON or text.
//
// Words are found here, by the thread that writes (ledger/lines.h). Batches by one thread at a
// time; all else from any thread.
#pragma once

#include "events/publisher.h"
#include "ledger/losses.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hermetic::ledger {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };
[[nodiscard]] std::string_view name(Level level);

class Log : public events::Subscriber {
public:
    // The file is opened anew (log rotation, at SIGHUP) before the next line is written.
    virtual void reopen() = 0;
    // What could not be written since the start.
    [[nodiscard]] virtual Losses losses() const = 0;
};

struct LogSettings {
    enum class Format : std::uint8_t { Json, Text };
    Format format = Format::Text;
    std::string file;  // empty: standard error
    Level level = Level::Info;
};
// Never fails on start: a file that cannot be opened is reported on standard error, which is used.
[[nodiscard]] std::unique_ptr<Log> make_log(const LogSettings& settings, const Clock& clock);

}  // namespace hermetic::ledger
