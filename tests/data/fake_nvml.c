/* A stand-in for libnvidia-ml.so.1: each function is answered from the text file $FAKE_NVML of `key value` lines, read anew
   at every call. A key that is absent is NotSupported; with -DOLD_DRIVER newer symbols are absent altogether. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int ret;
enum { OK = 0, NOT_SUPPORTED = 3, INSUFFICIENT = 7, MISMATCH = 18 };

static ret answer(const char *key, char *out, size_t size) {
    char line[512], name[128], value[384];
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    ret found = NOT_SUPPORTED;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%127s %383[^\n]", name, value) == 2 && !strcmp(name, key)) {
            snprintf(out, size, "%s", value);
            found = OK;
        }
    if (file) fclose(file);
    return found;
}

static ret number(const char *key, unsigned long long *out) {
    char text[384];
    ret found = answer(key, text, sizeof text);
    if (found == OK) *out = strtoull(text, NULL, 0);
    return found;
}

static ret number32(const char *key, unsigned int *out) {
    unsigned long long wide;
    ret found = number(key, &wide);
    if (found == OK) *out = (unsigned int)wide;
    return found;
}

ret nvmlInitWithFlags(unsigned int flags) {
    unsigned int code = 0;
    (void)flags;
    return number32("init_error", &code) == OK ? (ret)code : OK;
}
ret nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(ret code) { return code == NOT_SUPPORTED ? "Not Supported" : code == MISMATCH ? "RM has detected an NVML/RM version mismatch." : "Error"; }
ret nvmlSystemGetDriverVersion(char *out, unsigned int size) { return answer("driver", out, size); }
ret nvmlDeviceGetCount_v2(unsigned int *out) { return number32("count", out); }
ret nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) { *device = (void *)(size_t)(index + 1); return OK; }
ret nvmlDeviceGetName(void *d, char *out, unsigned int size) { (void)d; return answer("name", out, size); }
ret nvmlDeviceGetMemoryInfo(void *d, unsigned long long *out) {
    (void)d;
    unsigned long long total, used;
    ret found = number("memory_total", &total);
    if (found != OK || (found = number("memory_used", &used)) != OK) return found;
    out[0] = total; out[1] = total - used; out[2] = used;
    return OK;
}
ret nvmlDeviceGetPowerUsage(void *d, unsigned int *out) { (void)d; return number32("power_mw", out); }
ret nvmlDeviceGetEnforcedPowerLimit(void *d, unsigned int *out) { (void)d; return number32("power_limit_mw", out); }
ret nvmlDeviceGetPerformanceState(void *d, unsigned int *out) { (void)d; return number32("pstate", out); }
ret nvmlDeviceGetClockInfo(void *d, unsigned int kind, unsigned int *out) { (void)d; return number32(kind == 1 ? "sm_mhz" : "mem_mhz", out); }
ret nvmlDeviceGetUtilizationRates(void *d, unsigned int *out) {
    (void)d;
    out[1] = 0;
    return number32("utilization", out);
}
ret nvmlDeviceGetComputeRunningProcesses_v3(void *d, unsigned int *count, void *infos) {
    (void)d; (void)infos;
    unsigned int running = 0;
    ret found = number32("processes", &running);
    if (found != OK) return found;
    *count = running;
    return running ? INSUFFICIENT : OK;
}
#ifndef OLD_DRIVER
ret nvmlDeviceGetTemperature(void *d, unsigned int s, unsigned int *out) { (void)d; (void)s; return number32("temperature", out); }
ret nvmlDeviceGetCurrentClocksEventReasons(void *d, unsigned long long *out) { (void)d; return number("reasons", out); }
ret nvmlDeviceGetTotalEnergyConsumption(void *d, unsigned long long *out) { (void)d; return number("energy_mj", out); }
#endif
