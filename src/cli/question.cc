#include "cli/question.h"

#include "core/text.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace hermetic::cli {

bool can_ask()
{
    return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

bool ask(const std::string& question)
{
    if (!can_ask()) return false;
    std::fprintf(stderr, "%s [y/N] ", question.c_str());
    std::string answer;
    std::getline(std::cin, answer);
    return iequals(trim(answer), "y") || iequals(trim(answer), "yes");
}

}  // namespace hermetic::cli
