// `hermetic apply`, `export` and `connector …`: the objects of a running server.
#pragma once

#include "cli/commands.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hermetic::cli {

struct ApplyArguments {
    std::string file;  // "-": standard input
    bool dry_run = false;
    std::optional<std::uint64_t> revision;  // that the file was made from; not set: the newest
};

struct ConnectorArguments {
    std::string name;
    bool inbound = false;
    std::string organization;              // empty: whichever has it
    std::vector<std::string> fields;       // "key=value"; "key=" goes back to the default
    std::optional<std::uint64_t> version;  // that the change was made from; not set: the newest
    bool dry_run = false;
    bool no_test = false;  // save an outbound one without having tested it
    bool history = false;
};

struct ObjectArguments {
    ServerChoice server;
    bool json = false;
    ApplyArguments apply;
    ConnectorArguments connector;
    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
};

// Declares them. The arguments and the result outlive the parsing.
void add_object_commands(CLI::App& app, ObjectArguments& arguments, int& result);

[[nodiscard]] int apply(const ServerChoice& server, const ApplyArguments& arguments, Output output);
[[nodiscard]] int export_objects(const ServerChoice& server, Output output);
[[nodiscard]] int connector_list(const ServerChoice& server, const ConnectorArguments& arguments,
                                 Output output);
[[nodiscard]] int connector_show(const ServerChoice& server, const ConnectorArguments& arguments,
                                 Output output);
[[nodiscard]] int connector_add(const ServerChoice& server, const ConnectorArguments& arguments,
                                Output output);
[[nodiscard]] int connector_set(const ServerChoice& server, const ConnectorArguments& arguments,
                                Output output);
[[nodiscard]] int connector_remove(const ServerChoice& server, const ConnectorArguments& arguments,
                                   Output output);

// What an answer says that changes, for people: + - ~ per object and field.
[[nodiscard]] std::string format_changes(const boost::json::value& answer);

}  // namespace hermetic::cli
