// `hermetic apply`, `export`, `changes`, `rollback` and the commands for one object of any kind:
// the objects of a running server.
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
    bool prune = false;                     // remove what the file does not name, unasked
    std::optional<std::uint64_t> revision;  // that the file was made from; not set: the newest
};

struct ChangesArguments {
    std::optional<std::uint64_t> revision;  // this one alone
    std::uint32_t limit = 100;              // changes of objects
};

struct RollbackArguments {
    std::uint64_t to = 0;
    bool dry_run = false;
    bool prune = false;                     // remove what the revision does not name, unasked
    std::optional<std::uint64_t> revision;  // that was seen; not set: the newest
};

// One object, or those of a kind.
struct ObjectChoice {
    std::string kind;  // as in org.toml: "outbound_connector"
    std::string name;
    std::string organization;              // empty: whichever has it
    std::vector<std::string> fields;       // "key=value"; "key=" goes back to the default
    std::optional<std::uint64_t> version;  // that the change was made from; not set: the newest
    bool dry_run = false;
    bool no_test = false;  // save an outbound connector without having tested it
    bool history = false;

    [[nodiscard]] bool is_tested() const { return kind == "outbound_connector"; }
};

struct ObjectArguments {
    ServerChoice server;
    bool json = false;
    ApplyArguments apply;
    ChangesArguments changes;
    RollbackArguments rollback;
    ObjectChoice object;
    bool inbound = false;  // of `connector`
    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
};

// Declares them. The arguments and the result outlive the parsing. Other commands about objects of
// a kind are added to its own: `connector`, `certificate`, `retire`.
void add_object_commands(CLI::App& app, ObjectArguments& arguments, int& result);

[[nodiscard]] int apply(const ServerChoice& server, const ApplyArguments& arguments, Output output);
[[nodiscard]] int export_objects(const ServerChoice& server, Output output);
[[nodiscard]] int list_changes(const ServerChoice& server, const ChangesArguments& arguments,
                               Output output);
[[nodiscard]] int roll_back(const ServerChoice& server, const RollbackArguments& arguments,
                            Output output);

[[nodiscard]] int object_list(const ServerChoice& server, const ObjectChoice& object,
                              Output output);
[[nodiscard]] int object_show(const ServerChoice& server, const ObjectChoice& object,
                              Output output);
[[nodiscard]] int object_add(const ServerChoice& server, const ObjectChoice& object, Output output);
[[nodiscard]] int object_set(const ServerChoice& server, const ObjectChoice& object, Output output);
[[nodiscard]] int object_remove(const ServerChoice& server, const ObjectChoice& object,
                                Output output);

// The objects hold together; what they name in files may still be wrong, and some say what is
// hardly meant.
void print_warnings(const boost::json::value& answer);

// What an answer says that changes, for people: + - ~ per object and field.
[[nodiscard]] std::string format_changes(const boost::json::value& answer);
// How many objects it removes.
[[nodiscard]] std::size_t count_removed(const boost::json::value& answer);

// Objects that a change would remove because what it restores or applies does not name them.
struct Removal {
    std::string whole;   // what does not name them: "the file", "revision 3"
    bool prune = false;  // they may go, unasked
    bool asks = true;    // a person may be asked, where there is one
    std::size_t count = 0;
};
// Whether they may go; false after having said why not. Nobody is asked twice, nor where nobody can
// be.
[[nodiscard]] bool may_remove(const Removal& removal);

// Changes of several revisions, newest first, under who made each and when.
[[nodiscard]] std::string format_revisions(const boost::json::value& answer);

}  // namespace hermetic::cli
