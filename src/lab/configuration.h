// hermetic.toml and org.toml for a server that is to meet the lab's partners. Pure.
#pragma once

#include "lab/lab.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace hermetic::lab {

struct ServerPlan {
    std::filesystem::path data_directory;
    std::string listener = "127.0.0.1:0";
    std::string log_file{};  // empty: standard error
    // How long the server waits for a partner. Minutes by default (RFC 5321 §4.5.3.2): too long for
    // people who watch.
    std::chrono::seconds patience{15};
};

[[nodiscard]] std::string format_node_file(const Lab& lab, const ServerPlan& plan);
[[nodiscard]] std::string format_org_file(const Lab& lab);

}  // namespace hermetic::lab
