// `hermetic lab tour`: starts the lab and a server, sends a message to some of the partners, and
// shows what became of each and why. The first thing that a new user sees.
#pragma once

#include "lab/run_lab.h"

#include <string>

namespace hermetic::lab {

struct TourArguments {
    bool keep = false;  // leave lab and server running until Ctrl-C
};

// 0 if every partner had the expected outcome, else 1. Leaves nothing behind, unless it failed:
// then the directory with the logs stays and its name is printed.
[[nodiscard]] int run_tour(const TourArguments& arguments);

}  // namespace hermetic::lab
