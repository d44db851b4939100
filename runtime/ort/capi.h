//go:build cgo

// The part of ONNX Runtime's C API that onnxruntime_go leaves out: values in the memory of a device, of every element
// type, in sequences and optionals, and runs over bindings that a context can stop. The API is a table of functions. Its order is fixed for ever (new ones come at the
// end), so a function is named by its place, and TestPlacesInTheTable holds the places to the header.

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtIoBinding OrtIoBinding;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtValue OrtValue;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;
typedef struct OrtTypeInfo OrtTypeInfo;

enum {
	GetErrorMessage = 2,
	CreateEnv = 3,
	Run = 9,
	SessionGetInputCount = 30,
	SessionGetOutputCount = 31,
	SessionGetInputTypeInfo = 33,
	SessionGetOutputTypeInfo = 34,
	SessionGetInputName = 36,
	SessionGetOutputName = 37,
	CreateRunOptions = 39,
	RunOptionsSetTerminate = 46,
	RunOptionsUnsetTerminate = 47,
	CreateTensorAsOrtValue = 48,
	CreateTensorWithDataAsOrtValue = 49,
	IsTensor = 50,
	GetTensorMutableData = 51,
	GetStringTensorDataLength = 53,
	GetStringTensorContent = 54,
	CastTypeInfoToTensorInfo = 55,
	GetOnnxTypeFromTypeInfo = 56,
	GetTensorElementType = 60,
	GetDimensionsCount = 61,
	GetDimensions = 62,
	GetTensorTypeAndShape = 65,
	GetValueType = 67,
	CreateCpuMemoryInfo = 69,
	AllocatorFree = 76,
	GetAllocatorWithDefaultOptions = 78,
	GetValue = 80,
	GetValueCount = 81,
	CreateValue = 82,
	ReleaseEnv = 92,
	ReleaseStatus = 93,
	ReleaseMemoryInfo = 94,
	ReleaseValue = 96,
	ReleaseRunOptions = 97,
	ReleaseTypeInfo = 98,
	ReleaseTensorTypeAndShapeInfo = 99,
	CastTypeInfoToSequenceTypeInfo = 104,
	GetSequenceElementType = 107,
	CreateAllocator = 131,
	ReleaseAllocator = 132,
	RunWithBinding = 133,
	CreateIoBinding = 134,
	ReleaseIoBinding = 135,
	BindInput = 136,
	BindOutput = 137,
	HasValue = 192,
	MemoryInfoGetDeviceType = 225,
	CastTypeInfoToOptionalTypeInfo = 250,
	GetOptionalContainedTypeInfo = 251,
	GetResizedStringTensorElementBuffer = 252,
	SessionGetMemoryInfoForInputs = 380,
	CopyTensors = 386,
};

typedef void (*Function)(void);
extern const Function *elboOrtTable;

// CALL calls the function at a place of the table; its type is given as result and parameters in parentheses.
#define CALL(place, result, parameters) ((result (*) parameters) elboOrtTable[place])

int elboOrtLoad(void *getApiBase);

static const char *message(OrtStatus *s) { return CALL(GetErrorMessage, const char *, (OrtStatus *))(s); }
static void release(int place, void *p) { CALL(place, void, (void *))(p); }

// ORT_LOGGING_LEVEL_FATAL; the environment is one in the process, and this takes one more hold of it.
static OrtStatus *holdEnv(OrtEnv **out) { return CALL(CreateEnv, OrtStatus *, (int, const char *, OrtEnv **))(4, "elbo", out); }

static OrtStatus *hostMemory(OrtMemoryInfo **out) {
	// OrtDeviceAllocator, OrtMemTypeDefault
	return CALL(CreateCpuMemoryInfo, OrtStatus *, (int, int, OrtMemoryInfo **))(0, 0, out);
}

static OrtStatus *hostValue(OrtMemoryInfo *m, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, OrtValue **out) {
	return CALL(CreateTensorWithDataAsOrtValue, OrtStatus *, (OrtMemoryInfo *, void *, size_t, const int64_t *, size_t, int, OrtValue **))(m, data, bytes, shape, rank, type, out);
}

static OrtStatus *inputMemory(OrtSession *s, const OrtMemoryInfo **out, size_t n) {
	return CALL(SessionGetMemoryInfoForInputs, OrtStatus *, (OrtSession *, const OrtMemoryInfo **, size_t))(s, out, n);
}

static int onDevice(const OrtMemoryInfo *m) {
	int type;
	CALL(MemoryInfoGetDeviceType, void, (const OrtMemoryInfo *, int *))(m, &type);
	return type != 0; // OrtMemoryInfoDeviceType_CPU
}

static OrtStatus *newAllocator(OrtSession *s, const OrtMemoryInfo *m, OrtAllocator **out) {
	return CALL(CreateAllocator, OrtStatus *, (OrtSession *, const OrtMemoryInfo *, OrtAllocator **))(s, m, out);
}

static OrtStatus *newValue(OrtAllocator *a, const int64_t *shape, size_t rank, int type, OrtValue **out) {
	return CALL(CreateTensorAsOrtValue, OrtStatus *, (OrtAllocator *, const int64_t *, size_t, int, OrtValue **))(a, shape, rank, type, out);
}

static OrtStatus *address(OrtValue *v, void **out) { return CALL(GetTensorMutableData, OrtStatus *, (OrtValue *, void **))(v, out); }

static OrtStatus *copyValue(OrtEnv *e, const OrtValue *from, OrtValue *to) {
	return CALL(CopyTensors, OrtStatus *, (OrtEnv *, const OrtValue *const *, OrtValue *const *, void *, size_t))(e, &from, &to, NULL, 1);
}

static OrtStatus *newBinding(OrtSession *s, OrtIoBinding **out) { return CALL(CreateIoBinding, OrtStatus *, (OrtSession *, OrtIoBinding **))(s, out); }

// bind binds a value to an input or an output: place says to which.
static OrtStatus *bind(int place, OrtIoBinding *b, const char *name, OrtValue *v) {
	return CALL(place, OrtStatus *, (OrtIoBinding *, const char *, OrtValue *))(b, name, v);
}

static OrtStatus *newRunOptions(OrtRunOptions **out) { return CALL(CreateRunOptions, OrtStatus *, (OrtRunOptions **))(out); }
static OrtStatus *setRunOptions(int place, OrtRunOptions *o) { return CALL(place, OrtStatus *, (OrtRunOptions *))(o); }

static OrtStatus *isTensor(const OrtValue *v, int *out) { return CALL(IsTensor, OrtStatus *, (const OrtValue *, int *))(v, out); }

// form is a tensor's element type and rank, and with dims its extents.
static OrtStatus *form(const OrtValue *v, int *type, size_t *rank, int64_t *dims) {
	OrtTensorTypeAndShapeInfo *info = NULL;
	OrtStatus *s = CALL(GetTensorTypeAndShape, OrtStatus *, (const OrtValue *, OrtTensorTypeAndShapeInfo **))(v, &info);
	if (!s) s = CALL(GetTensorElementType, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, int *))(info, type);
	if (!s) s = CALL(GetDimensionsCount, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, size_t *))(info, rank);
	if (!s && dims) s = CALL(GetDimensions, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, int64_t *, size_t))(info, dims, *rank);
	if (info) release(ReleaseTensorTypeAndShapeInfo, info);
	return s;
}

static OrtStatus *defaultAllocator(OrtAllocator **out) {
	return CALL(GetAllocatorWithDefaultOptions, OrtStatus *, (OrtAllocator **))(out);
}

// The ports of a session: place says whether its inputs or its outputs are asked for.
static OrtStatus *portCount(int place, const OrtSession *s, size_t *out) {
	return CALL(place, OrtStatus *, (const OrtSession *, size_t *))(s, out);
}
static OrtStatus *nameOfPort(int place, const OrtSession *s, size_t i, OrtAllocator *a, char **out) {
	return CALL(place, OrtStatus *, (const OrtSession *, size_t, OrtAllocator *, char **))(s, i, a, out);
}
static OrtStatus *typeOfPort(int place, const OrtSession *s, size_t i, OrtTypeInfo **out) {
	return CALL(place, OrtStatus *, (const OrtSession *, size_t, OrtTypeInfo **))(s, i, out);
}
static OrtStatus *freeName(OrtAllocator *a, char *name) { return CALL(AllocatorFree, OrtStatus *, (OrtAllocator *, void *))(a, name); }

static OrtStatus *kindOfType(const OrtTypeInfo *t, int *out) {
	return CALL(GetOnnxTypeFromTypeInfo, OrtStatus *, (const OrtTypeInfo *, int *))(t, out);
}

// typeWithin is the type in that of a sequence or an optional: cast and get are the functions for which of them.
static OrtStatus *typeWithin(int cast, int get, const OrtTypeInfo *t, OrtTypeInfo **out) {
	const void *as = NULL;
	OrtStatus *s = CALL(cast, OrtStatus *, (const OrtTypeInfo *, const void **))(t, &as);
	return s ? s : CALL(get, OrtStatus *, (const void *, OrtTypeInfo **))(as, out);
}

static OrtStatus *elementOfType(const OrtTypeInfo *t, int *out) {
	const OrtTensorTypeAndShapeInfo *info = NULL;
	OrtStatus *s = CALL(CastTypeInfoToTensorInfo, OrtStatus *, (const OrtTypeInfo *, const OrtTensorTypeAndShapeInfo **))(t, &info);
	return s ? s : CALL(GetTensorElementType, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, int *))(info, out);
}

static OrtStatus *kindOfValue(const OrtValue *v, int *out) { return CALL(GetValueType, OrtStatus *, (const OrtValue *, int *))(v, out); }
static OrtStatus *hasValue(const OrtValue *v, int *out) { return CALL(HasValue, OrtStatus *, (const OrtValue *, int *))(v, out); }

static OrtStatus *newSequence(OrtValue **items, size_t n, OrtValue **out) {
	return CALL(CreateValue, OrtStatus *, (const OrtValue *const *, size_t, int, OrtValue **))((const OrtValue *const *)items, n, 2, out); // ONNX_TYPE_SEQUENCE
}
static OrtStatus *countItems(const OrtValue *v, size_t *out) { return CALL(GetValueCount, OrtStatus *, (const OrtValue *, size_t *))(v, out); }
static OrtStatus *item(const OrtValue *v, int i, OrtAllocator *a, OrtValue **out) {
	return CALL(GetValue, OrtStatus *, (const OrtValue *, int, OrtAllocator *, OrtValue **))(v, i, a, out);
}

// stringAt makes room for an element of n bytes.
static OrtStatus *stringAt(OrtValue *v, size_t i, size_t n, char **out) {
	return CALL(GetResizedStringTensorElementBuffer, OrtStatus *, (OrtValue *, size_t, size_t, char **))(v, i, n, out);
}
static OrtStatus *stringBytes(const OrtValue *v, size_t *out) { return CALL(GetStringTensorDataLength, OrtStatus *, (const OrtValue *, size_t *))(v, out); }
static OrtStatus *strings(const OrtValue *v, void *text, size_t bytes, size_t *starts, size_t n) {
	return CALL(GetStringTensorContent, OrtStatus *, (const OrtValue *, void *, size_t, size_t *, size_t))(v, text, bytes, starts, n);
}

static OrtStatus *runValues(OrtSession *s, OrtRunOptions *o, char **inNames, OrtValue **in, size_t ins, char **outNames, size_t outs, OrtValue **out) {
	return CALL(Run, OrtStatus *, (OrtSession *, const OrtRunOptions *, const char *const *, const OrtValue *const *, size_t, const char *const *, size_t, OrtValue **))(
		s, o, (const char *const *)inNames, (const OrtValue *const *)in, ins, (const char *const *)outNames, outs, out);
}

static OrtStatus *run(OrtSession *s, OrtRunOptions *o, OrtIoBinding *b) {
	return CALL(RunWithBinding, OrtStatus *, (OrtSession *, OrtRunOptions *, OrtIoBinding *))(s, o, b);
}
