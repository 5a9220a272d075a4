#include "core/thread_name.h"

#include <pthread.h>

namespace hermetic {

void name_this_thread(const char* name)
{
    // It fails for a name that is too long; a thread without a name works as well.
    (void)pthread_setname_np(pthread_self(), name);
}

}  // namespace hermetic
