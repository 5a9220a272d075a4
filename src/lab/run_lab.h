// `hermetic lab`: serves the partners until it is told to stop, and prints how to meet them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hermetic::lab {

class Lab;
struct TourArguments;

// On standard error.
void complain_in_words(const std::string& words);

struct LabArguments {
    std::uint16_t port = 0;
    std::uint16_t dns_port = 0;
    std::string directory;  // empty: a new one below the directory for temporary files
    std::vector<std::string> only;
    bool json = false;  // one object on standard output, once all partners serve
    std::function<void(const std::string& words)> complain = complain_in_words;
};

// Returns the exit code: 0 after SIGINT or SIGTERM, 1 where the lab cannot start. The lab's
// directory is left where it is: the records in it are what people wanted.
[[nodiscard]] int run_lab(const LabArguments& arguments);

// Where a running lab's partners are, as one JSON object: {"port", "dns", "directory",
// "configuration", "ca", "partners": [{"name", "domain", "address", "summary"}]}. The address is
// null where nothing listens.
[[nodiscard]] std::string format_lab_json(const Lab& lab, const std::filesystem::path& directory);

// Declares `lab` and `lab tour`. The arguments and the result outlive the parsing.
void add_commands(CLI::App& app, LabArguments& lab, TourArguments& tour, int& result);

}  // namespace hermetic::lab
