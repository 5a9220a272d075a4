// Hands events to the operator's side, one at a time. Thread-safe.
#pragma once

#include "spool/rocksdb_spool.h"

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace hermetic::spool {

class Reporter {
public:
    explicit Reporter(std::function<void(const SpoolEvent&)> sink) : sink_{std::move(sink)} {}

    void info(std::string_view id, std::string words)
    {
        report({SpoolEvent::Severity::Info, id, std::move(words)});
    }
    void warning(std::string_view id, std::string words)
    {
        report({SpoolEvent::Severity::Warning, id, std::move(words)});
    }
    void error(std::string_view id, std::string words)
    {
        report({SpoolEvent::Severity::Error, id, std::move(words)});
    }

private:
    void report(const SpoolEvent& event)
    {
        if (!sink_) return;
        const std::lock_guard lock{mutex_};
        sink_(event);
    }

    std::mutex mutex_;
    std::function<void(const SpoolEvent&)> sink_;
};

}  // namespace hermetic::spool
