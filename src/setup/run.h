// `hermetic setup` from plan to report: files written, certificate ordered, questions asked.
//
// Blocking, on the calling thread; every question to the network has a deadline.
#pragma once

#include "config/diagnostic.h"
#include "setup/findings.h"
#include "setup/plan.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::setup {

enum class Dry : std::uint8_t { No, Yes };

struct Request {
    std::string config;  // absolute
    Dry dry = Dry::No;
    std::vector<IpAddress> addresses;  // public ones, where this machine does not have them itself
    std::string reach;                 // a domain whose mail hosts are greeted; empty: none
    std::string test_to;               // a mailbox; empty: no message is sent
    bool asks_network = true;
    Duration each = std::chrono::seconds{8};  // question
    Duration all = std::chrono::seconds{90};  // of them
    // What `hermetic check` finds wrong with the files.
    std::function<config::Diagnostics(const std::string& config)> check;
};

struct Report {
    Dry dry = Dry::No;
    Plan plan;
    Findings findings;
    std::string sts_policy;  // to be served, where a domain has none
};

// The plan is whole: nothing is missing, no faults. The error is for people: what could not be
// written, or asked at all.
[[nodiscard]] Result<Report, std::string> run(const Request& request, Plan plan);

// For people, and as JSON.
[[nodiscard]] std::string format_words(const Report& report);
[[nodiscard]] std::string format_json(const Report& report);
[[nodiscard]] std::string format_plan(const Plan& plan, Dry dry);

}  // namespace hermetic::setup
