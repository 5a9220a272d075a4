// `hermetic setup`: its flags, its questions on a terminal, what it prints.
#pragma once

#include "config/diagnostic.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hermetic::cli {

class Terminal;

// As typed; empty: not said.
struct SetupArguments {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string hostname;
    std::string data_directory;
    std::vector<std::string> listen;
    std::string certificate;  // "acme", "files", "self-signed"
    std::string chain;
    std::string key;
    std::string acme;
    std::string acme_contact;
    std::string acme_ca;
    std::string acme_eab_key_id;
    std::string acme_eab_hmac_file;
    std::vector<std::string> acme_http;
    std::vector<std::string> forward;
    std::vector<std::string> trust_anchors;
    std::string organization;
    std::string postmaster;
    std::vector<std::string> domains;
    std::string next_hop;
    std::vector<std::string> relay_networks;
    std::vector<std::string> addresses;
    std::string reach;
    std::string test_to;
    unsigned seconds = 90;  // for all questions to the network
    bool dry_run = false;
    bool overwrite = false;
    bool offline = false;
    bool no_questions = false;
    bool json = false;
};

using FindFaults = std::function<config::Diagnostics(const std::string& config)>;

// Both outlive the parsing.
void add_setup_command(CLI::App& app, SetupArguments& arguments, const FindFaults& find_faults,
                       int& result);

// The exit code: failed where a finding is an error, kWouldChange where a dry run would write.
// `terminal`: who is asked what no flag says; null: nobody.
[[nodiscard]] int run_setup(SetupArguments arguments, const FindFaults& find_faults,
                            Terminal* terminal);

}  // namespace hermetic::cli
