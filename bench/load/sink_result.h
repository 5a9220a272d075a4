// What the sink is asked for, and what it counted.
#pragma once

#include "load/arrivals.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hermetic::load {

struct SinkOptions {
    std::vector<std::string> listen;
    bool starttls = false;
    std::string certificate;
    std::string key;
    std::uint64_t expect = 0;  // distinct numbers; 0: until told to end
    std::uint64_t first = 0;   // the lowest number expected
    double timeout = 0;        // seconds; 0: none
    double linger = 0.3;       // seconds, after the last that was expected
    unsigned threads = 1;
    unsigned delay_ms = 0;
    double reject = 0;
    double defer = 0;
    std::string ready_file;
    std::string status_file;
    std::string received_ids;
};

struct SinkResult {
    explicit SinkResult(std::int64_t origin) : arrivals(origin) {}

    void add(const SinkResult& other);

    std::uint64_t distinct = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t unknown = 0;  // messages without a number
    std::uint64_t missing = 0;  // of those expected
    std::uint64_t octets = 0;
    std::uint64_t connections = 0;
    std::uint64_t resumed = 0;
    std::int64_t cpu_ns = 0;
    Arrivals arrivals;
    std::map<std::string, std::uint64_t> tls_versions;
    std::map<std::string, std::uint64_t> errors;
};

}  // namespace hermetic::load
