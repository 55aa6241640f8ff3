/*===- Session.c - What a model does with the accelerator ----------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*
 *
 * Linked into each model with routines. The accelerator is a library with the
 * functions of dorefa-c/BPA.h, opened with the session.
 *
 *===--------------------------------------------------------------------------===*/

#include "Session.h"

#include "dorefa-c/BPA.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dorefa_session {
  /** The ELF file. */
  const uint8_t *program;
  void *library;
  bpa_device *device;
  /** The functions of BPA.h. */
  int32_t (*open)(const char *, const char *, uint64_t, bpa_device **);
  void (*close)(bpa_device *);
  int32_t (*write)(bpa_device *, uint64_t, const void *, uint64_t);
  int32_t (*read)(bpa_device *, uint64_t, void *, uint64_t);
  int32_t (*run)(bpa_device *, uint32_t, uint32_t, const bpa_run_options *);
  int32_t (*readRegister)(bpa_device *, uint32_t, uint32_t *);
  const char *(*getMessage)(const bpa_device *);
  int32_t (*startRecording)(bpa_device *, const char *);
  void (*stopRecording)(bpa_device *);
  int32_t (*writeTrace)(const bpa_device *, const char *);
  const char *(*getCounters)(bpa_device *);
  /** Whether the run that is under way has failed: what follows is left out. */
  int failed;
  char message[512];
};

static int32_t fail(dorefa_session *session, const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(session->message, sizeof(session->message), format, values);
  va_end(values);
  return DOREFA_ERROR_DEVICE;
}

/*===--------------------------------------------------------------------------===*
 * The program
 *===--------------------------------------------------------------------------===*/

/** What the note of the program says; the compiler wrote the file. */
static const uint8_t *findNote(const uint8_t *program, uint64_t *size) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)program;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(program + header->e_shoff);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const Elf64_Nhdr *note =
        (const Elf64_Nhdr *)(program + sections[i].sh_offset);
    if (sections[i].sh_type != SHT_NOTE)
      continue;
    *size = note->n_descsz;
    return (const uint8_t *)(note + 1) + (note->n_namesz + 3) / 4 * 4;
  }
  return NULL;
}

/** Bytes of DRAM that the program takes. */
static uint64_t getMemorySize(const uint8_t *program) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)program;
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(program + header->e_phoff);
  uint64_t size = 0;
  for (unsigned i = 0; i < header->e_phnum; ++i)
    if (segments[i].p_type == PT_LOAD &&
        segments[i].p_vaddr + segments[i].p_memsz > size)
      size = segments[i].p_vaddr + segments[i].p_memsz;
  return size;
}

/** What the program calls the routine that starts with instruction number `first`; text is
 * at address 0. */
static const char *findRoutine(const uint8_t *program, uint32_t first) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)program;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(program + header->e_shoff);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const Elf64_Sym *symbols = (const Elf64_Sym *)(program + sections[i].sh_offset);
    if (sections[i].sh_type != SHT_SYMTAB)
      continue;
    for (uint64_t j = 1; j < sections[i].sh_size / sizeof(*symbols); ++j)
      if (symbols[j].st_value == first * (uint64_t)16 &&
          ELF64_ST_TYPE(symbols[j].st_info) == STT_NOTYPE)
        return (const char *)program + sections[sections[i].sh_link].sh_offset +
               symbols[j].st_name;
  }
  return NULL;
}

static int32_t load(dorefa_session *session, const uint8_t *program) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)program;
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(program + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; ++i)
    if (segments[i].p_type == PT_LOAD &&
        session->write(session->device, segments[i].p_vaddr,
                       program + segments[i].p_offset,
                       segments[i].p_filesz) != BPA_OK)
      return fail(session, "the program cannot be written to the device");
  return DOREFA_OK;
}

/*===--------------------------------------------------------------------------===*
 * Sessions
 *===--------------------------------------------------------------------------===*/

static int32_t openLibrary(dorefa_session *session, const char *path) {
  session->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!session->library)
    return fail(session, "%s", dlerror());
  const struct {
    const char *name;
    void **function;
  } functions[] = {{"bpa_open", (void **)&session->open},
                   {"bpa_close", (void **)&session->close},
                   {"bpa_write", (void **)&session->write},
                   {"bpa_read", (void **)&session->read},
                   {"bpa_run", (void **)&session->run},
                   {"bpa_read_register", (void **)&session->readRegister},
                   {"bpa_get_message", (void **)&session->getMessage},
                   {"bpa_start_recording", (void **)&session->startRecording},
                   {"bpa_stop_recording", (void **)&session->stopRecording},
                   {"bpa_write_trace", (void **)&session->writeTrace},
                   {"bpa_get_counters", (void **)&session->getCounters}};
  for (unsigned i = 0; i < sizeof(functions) / sizeof(*functions); ++i) {
    *functions[i].function = dlsym(session->library, functions[i].name);
    if (!*functions[i].function)
      return fail(session, "%s has no function %s", path, functions[i].name);
  }
  return DOREFA_OK;
}

/** A program runs on the machine that it was made for only. */
static int32_t checkHash(dorefa_session *session, const uint8_t *note,
                         const char *configuration) {
  // Registers hash_low and hash_high.
  uint32_t low = 0, high = 0;
  uint64_t hash = 0;
  memcpy(&hash, note, sizeof(hash));
  session->readRegister(session->device, 4, &low);
  session->readRegister(session->device, 8, &high);
  if ((low | (uint64_t)high << 32) == hash)
    return DOREFA_OK;
  return fail(session,
              "the device is of another version of '%s'; compile the model again",
              configuration);
}

/** Opens a machine of `kind` and loads the program. */
static int32_t openDevice(dorefa_session *session, const char *kind,
                          const uint8_t *program) {
  char configuration[64] = "";
  uint64_t size = 0, hashBytes = sizeof(uint64_t);
  const uint8_t *note = findNote(program, &size);
  if (!note || size < hashBytes ||
      size - hashBytes >= sizeof(configuration))
    return fail(session, "the program does not say what it is made for");
  memcpy(configuration, note + hashBytes, size - hashBytes);
  if (session->open(kind, configuration, getMemorySize(program),
                    &session->device) != BPA_OK)
    return fail(session, "there is no device bpa-%s of configuration '%s'%s", kind,
                configuration,
                strcmp(kind, "rtl") == 0
                    ? ", or libdorefa-bpa-rtl.so is not beside libdorefa-bpa.so"
                    : "");
  int32_t status = checkHash(session, note, configuration);
  return status == DOREFA_OK ? load(session, program) : status;
}

int32_t dorefa_device_open(const void *program, const char *device,
                           dorefa_session **result) {
  if (!device || !result)
    return DOREFA_ERROR_ARGUMENT;
  dorefa_session *session = calloc(1, sizeof(*session));
  *result = session;
  if (!session)
    return DOREFA_ERROR_DEVICE;
  session->program = program;
  // bpa-KIND or bpa-KIND:LIBRARY.
  char kind[32] = "";
  const char *colon = strchr(device, ':');
  size_t length = colon ? (size_t)(colon - device) : strlen(device);
  if (strncmp(device, "bpa-", 4) == 0 && length - 4 < sizeof(kind))
    memcpy(kind, device + 4, length - 4);
  if ((strcmp(kind, "func") != 0 && strcmp(kind, "cycle") != 0 &&
       strcmp(kind, "rtl") != 0) ||
      (colon && !colon[1]))
    return fail(session, "device is '%s' but must be bpa-func, bpa-cycle or bpa-rtl, or "
                         "one of them with :LIBRARY", device);
  int32_t status = openLibrary(session, colon ? colon + 1 : "libdorefa-bpa.so");
  return status == DOREFA_OK ? openDevice(session, kind, program) : status;
}

void dorefa_device_close(dorefa_session *session) {
  if (!session)
    return;
  if (session->device)
    session->close(session->device);
  if (session->library)
    dlclose(session->library);
  free(session);
}

const char *dorefa_device_error(const dorefa_session *session) {
  return session ? session->message : "there is no memory for a session";
}

/*===--------------------------------------------------------------------------===*
 * Runs
 *===--------------------------------------------------------------------------===*/

static int isRecorded(const dorefa_run_options *options) {
  return options->engine_trace || options->waves || options->engine_counters;
}

int32_t dorefa_device_begin(const dorefa_run_options *options) {
  if (!options || !options->session)
    return DOREFA_ERROR_DEVICE;
  dorefa_session *session = options->session;
  session->failed = 0;
  if (!isRecorded(options) ||
      session->startRecording(session->device, options->waves) == BPA_OK)
    return DOREFA_OK;
  if (!options->waves)
    return fail(session, "the device counts no cycles; bpa-cycle and bpa-rtl do");
  return fail(session, "cannot write waves '%s'; only bpa-rtl has signals", options->waves);
}

/** Hands out what was recorded. */
static int32_t handOut(dorefa_session *session, const dorefa_run_options *options) {
  if (options->engine_trace &&
      session->writeTrace(session->device, options->engine_trace) != BPA_OK)
    return fail(session, "cannot write trace '%s'", options->engine_trace);
  if (options->engine_counters)
    *options->engine_counters = session->getCounters(session->device);
  return DOREFA_OK;
}

int32_t dorefa_device_end(const dorefa_run_options *options) {
  dorefa_session *session = options->session;
  // Waves of a run that failed say why.
  session->stopRecording(session->device);
  if (session->failed)
    return DOREFA_ERROR_DEVICE;
  return isRecorded(options) ? handOut(session, options) : DOREFA_OK;
}

static void check(dorefa_session *session, int32_t status) {
  if (status == BPA_OK)
    return;
  session->failed = 1;
  fail(session, "%s", status == BPA_ERROR_STOPPED || status == BPA_ERROR_DIVERGED
                          ? session->getMessage(session->device)
                          : "the device refused a call");
}

void dorefa_device_write(const dorefa_run_options *options, int64_t address,
                         const void *bytes, int64_t size) {
  dorefa_session *session = options->session;
  if (!session->failed)
    check(session, session->write(session->device, address, bytes, size));
}

void dorefa_device_run(const dorefa_run_options *options, int32_t program,
                       int32_t length) {
  dorefa_session *session = options->session;
  bpa_run_options run = {0};
  run.name = findRoutine(session->program, program);
  if (!session->failed)
    check(session, session->run(session->device, program, length, &run));
}

void dorefa_device_read(const dorefa_run_options *options, int64_t address,
                        void *bytes, int64_t size) {
  dorefa_session *session = options->session;
  if (!session->failed)
    check(session, session->read(session->device, address, bytes, size));
}
