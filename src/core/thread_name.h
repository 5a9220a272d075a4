// Names a thread for top, perf and debuggers: at most 15 octets, longer ones are cut by nobody and
// ignored by the kernel.
#pragma once

#include <pthread.h>

#include <thread>

namespace hermetic {

inline void name_thread(std::thread& thread, const char* name)
{
    pthread_setname_np(thread.native_handle(), name);
}

}  // namespace hermetic
