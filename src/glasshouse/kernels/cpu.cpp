// Asks the processor which of the kernel modules it can run; compiled for any processor, so that asking is safe.
#include <nanobind/nanobind.h>

NB_MODULE(_cpu, m) {
    m.doc() = "Which instruction set this processor has.";
    m.def("level", [] {
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("x86-64-v4")) return "x86_64_v4";
        if (__builtin_cpu_supports("x86-64-v3")) return "x86_64_v3";
        if (__builtin_cpu_supports("x86-64-v2")) return "x86_64_v2";
        return "none";
#else
        return "generic";
#endif
    }, "The best level among those the package is built for, or 'none'.");
}
