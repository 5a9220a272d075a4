#include "cli/cli.h"
#include "daemon/check.h"
#include "daemon/serve.h"

int main(int argc, char** argv)
{
    const hermetic::cli::Programs programs{hermetic::daemon::serve, hermetic::daemon::check,
                                           hermetic::daemon::find_faults};
    return hermetic::cli::run(argc, argv, programs);
}
