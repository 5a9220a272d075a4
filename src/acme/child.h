// A program that runs beside the server: waited for without blocking, ended where it takes too
// long.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "net/task.h"

#include <string>
#include <vector>

namespace hermetic::net {
class Core;
}

namespace hermetic::acme {

struct Command {
    std::vector<std::string> arguments;    // the program first
    std::vector<std::string> environment;  // "NAME=value", beside our own
    std::string output;                    // a file: what it prints is appended
};

// Its exit code; the error says why it has none.
[[nodiscard]] net::Task<Result<int, std::string>> run_child(net::Core& core, Command command,
                                                            Duration limit);

}  // namespace hermetic::acme
