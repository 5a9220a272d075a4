#include "ledger/log.h"

#include "core/assert.h"
#include "ledger/lines.h"
#include "ledger/sink.h"

#include <unistd.h>

namespace hermetic::ledger {
namespace {

// Lines of a batch are one write, up to this size.
constexpr std::size_t kOneWrite = std::size_t{256} << 10U;

class FileLog final : public Log {
public:
    FileLog(const LogSettings& settings, const Clock& clock)
        : clock_{clock},
          format_{settings.format == LogSettings::Format::Json ? LineFormat::Json
                                                               : LineFormat::Text},
          lines_{format_, settings.level},
          sink_{settings.file, STDERR_FILENO,
                [this](const Losses& losses) { return format_losses(losses); }}
    {
    }

    void reopen() override { sink_.reopen(); }
    [[nodiscard]] Losses losses() const override { return sink_.losses(); }

    void take(events::Batch batch) override
    {
        for (const events::Event* each : batch) {
            lines_.add(*each);
            if (lines_.text().size() >= kOneWrite) put();
        }
        put();
    }

private:
    void put()
    {
        if (!lines_.text().empty()) sink_.write(lines_.text());
        lines_.text().clear();
    }

    // A line for each cause.
    [[nodiscard]] std::string format_losses(const Losses& losses) const
    {
        std::string lines;
        for (std::size_t i = 0; i < kLossCauses; ++i) {
            if (losses[i] == 0) continue;
            Line line = begin_line(format_, clock_.wall(), Level::Warning, "log.lost");
            line.number("lines", static_cast<std::int64_t>(losses[i]));
            line.text("cause", name(static_cast<LossCause>(i)));
            lines += line.finish() + "\n";
        }
        return lines;
    }

    const Clock& clock_;
    const LineFormat format_;
    Lines lines_;
    Sink sink_;  // last: its thread uses the above
};

}  // namespace

std::string_view name(Level level)
{
    switch (level) {
    case Level::Debug:
        return "debug";
    case Level::Info:
        return "info";
    case Level::Warning:
        return "warning";
    case Level::Error:
        return "error";
    }
    unreachable("every Level is named above");
}

std::unique_ptr<Log> make_log(const LogSettings& settings, const Clock& clock)
{
    return std::make_unique<FileLog>(settings, clock);
}

}  // namespace hermetic::ledger
