// Programs that are started: the only place where it is done.
//
// A child has descriptors 0, 1 and 2 and no other of ours (a listening socket that it kept would
// hold the port after we have died), no signal blocked or ignored, a process group of its own, and
// ends when the thread that started it does: whoever starts one does so from a thread that stays.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::lab {

struct Command {
    std::vector<std::string> arguments;    // the program first: a path
    std::vector<std::string> environment;  // all of it: "NAME=value"
    std::string output;                    // a file, made anew: what it prints
    int death_signal = 15;                 // what it gets when we die: SIGTERM
};

struct Started {
    pid_t process = -1;
    int error = 0;  // an errno; 0: it runs, and the caller waits for it
};
[[nodiscard]] Started start_child(Command command);

}  // namespace hermetic::lab
