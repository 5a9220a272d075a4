// Probing partners: `hermetic probe` from this process, `hermetic connector test` by the server.
// Each returns an exit code of cli.h.
#pragma once

#include "cli/commands.h"
#include "validation/local_run.h"

#include <string>

namespace CLI {
class App;
}

namespace hermetic::cli {

struct ProbeArguments {
    std::string config;  // empty: the default file where it is there, else the system's ways
    std::string target;
    std::string organization;  // whose mail; empty: of the only one, or of none
    bool allow_loopback = false;
    bool allow_private = false;
    unsigned seconds = 180;  // for all of it
};
[[nodiscard]] int probe(const ProbeArguments& arguments, Output output);

struct ConnectorTestArguments {
    std::string name;
    std::string recipient;     // empty: no message is sent
    unsigned wait = 120;       // seconds, for its bounce; or for an inbound connector's session
    bool inbound = false;      // also where an outbound connector has the name
    std::string organization;  // empty: whichever has it
};
[[nodiscard]] int connector_test(const ServerChoice& server,
                                 const ConnectorTestArguments& arguments, Output output);

// What the values of all of these commands are bound to. Outlives the parsing.
struct PartnerArguments {
    ServerChoice server;
    bool json = false;
    ProbeArguments probe;
    ConnectorTestArguments test;
};
// Adds them to `app`, `test` to its sub-command "connector".
void add_partner_commands(CLI::App& app, PartnerArguments& arguments, int& result);

}  // namespace hermetic::cli
