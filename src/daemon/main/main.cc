#include "cli/cli.h"
#include "daemon/serve.h"

int main(int argc, char** argv)
{
    const hermetic::cli::Programs programs{hermetic::daemon::serve};
    return hermetic::cli::run(argc, argv, programs);
}
