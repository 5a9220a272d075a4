// hermetic.toml and org.toml for a server that is to meet the lab's partners. Pure.
#pragma once

#include "lab/lab.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace hermetic::lab {

struct ServerPlan {
    std::filesystem::path data_directory;
    std::string listener = "127.0.0.1:0";
    std::string log_file;  // empty: standard error
};

[[nodiscard]] std::string format_node_file(const Lab& lab, const ServerPlan& plan);
[[nodiscard]] std::string format_org_file(const Lab& lab);

}  // namespace hermetic::lab
