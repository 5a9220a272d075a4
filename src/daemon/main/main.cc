#include "acme/hook.h"
#include "cli/cli.h"
#include "daemon/serve.h"

#include <cstdlib>
#include <string>
#include <vector>

int main(int argc, char** argv)
{
    // uacme runs this very program for each challenge (acme/hook.h).
    if (const char* folder = std::getenv(hermetic::acme::kHookVariable)) {
        const std::vector<std::string> arguments(argv + 1, argv + argc);
        return hermetic::acme::run_hook(folder, arguments);
    }
    const hermetic::cli::Programs programs{hermetic::daemon::serve};
    return hermetic::cli::run(argc, argv, programs);
}
