//go:build cgo

package ort

/*
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// The part of ONNX Runtime's C API that onnxruntime_go leaves out: values in the memory of a device, and runs over
// bindings that a context can stop. The API is a table of functions. Its order is fixed for ever (new ones come at the
// end), so a function is named by its place, and TestPlacesInTheTable holds the places to the header.

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtIoBinding OrtIoBinding;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtValue OrtValue;

enum {
	GetErrorMessage = 2,
	CreateEnv = 3,
	CreateRunOptions = 39,
	RunOptionsSetTerminate = 46,
	RunOptionsUnsetTerminate = 47,
	CreateTensorAsOrtValue = 48,
	CreateTensorWithDataAsOrtValue = 49,
	GetTensorMutableData = 51,
	CreateCpuMemoryInfo = 69,
	ReleaseEnv = 92,
	ReleaseStatus = 93,
	ReleaseMemoryInfo = 94,
	ReleaseValue = 96,
	ReleaseRunOptions = 97,
	CreateAllocator = 131,
	ReleaseAllocator = 132,
	RunWithBinding = 133,
	CreateIoBinding = 134,
	ReleaseIoBinding = 135,
	BindInput = 136,
	BindOutput = 137,
	MemoryInfoGetDeviceType = 225,
	SessionGetMemoryInfoForInputs = 380,
	CopyTensors = 386,
};

typedef void (*Function)(void);
static const Function *table;

// CALL calls the function at a place of the table; its type is given as result and parameters in parentheses.
#define CALL(place, result, parameters) ((result (*) parameters) table[place])

// load takes the table of the library whose OrtGetApiBase is given, at version 23 of the API, the first with all of
// these functions. It returns 0 when the library is older.
static int load(void *getApiBase) {
	typedef struct { const Function *(*GetApi)(uint32_t); const char *(*GetVersionString)(void); } Base;
	table = ((const Base *(*)(void)) getApiBase)()->GetApi(23);
	return table != NULL;
}

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

static OrtStatus *run(OrtSession *s, OrtRunOptions *o, OrtIoBinding *b) {
	return CALL(RunWithBinding, OrtStatus *, (OrtSession *, OrtRunOptions *, OrtIoBinding *))(s, o, b);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	goruntime "runtime"
	"unsafe"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/tensor"
)

// host is what values over Go's memory and copies need, once in a process; start and Shutdown set and clear it.
var host struct {
	env    *C.OrtEnv
	memory *C.OrtMemoryInfo
}

// places are the functions in use and their places in the API's table.
var places = map[string]int{
	"GetErrorMessage": C.GetErrorMessage, "CreateEnv": C.CreateEnv, "CreateRunOptions": C.CreateRunOptions,
	"RunOptionsSetTerminate": C.RunOptionsSetTerminate, "RunOptionsUnsetTerminate": C.RunOptionsUnsetTerminate,
	"CreateTensorAsOrtValue": C.CreateTensorAsOrtValue, "CreateTensorWithDataAsOrtValue": C.CreateTensorWithDataAsOrtValue,
	"GetTensorMutableData": C.GetTensorMutableData, "CreateCpuMemoryInfo": C.CreateCpuMemoryInfo, "ReleaseEnv": C.ReleaseEnv,
	"ReleaseStatus": C.ReleaseStatus, "ReleaseMemoryInfo": C.ReleaseMemoryInfo, "ReleaseValue": C.ReleaseValue,
	"ReleaseRunOptions": C.ReleaseRunOptions, "CreateAllocator": C.CreateAllocator, "ReleaseAllocator": C.ReleaseAllocator,
	"RunWithBinding": C.RunWithBinding, "CreateIoBinding": C.CreateIoBinding, "ReleaseIoBinding": C.ReleaseIoBinding,
	"BindInput": C.BindInput, "BindOutput": C.BindOutput, "MemoryInfoGetDeviceType": C.MemoryInfoGetDeviceType,
	"SessionGetMemoryInfoForInputs": C.SessionGetMemoryInfoForInputs, "CopyTensors": C.CopyTensors,
}

// loadAPI takes the API's table from the library that onnxruntime_go has loaded from path.
func loadAPI(path string) error {
	getBase, err := apiBase(path)
	if err != nil {
		return err
	}
	if C.load(getBase) == 0 {
		return errors.New("it is too old")
	}
	if err := check(C.hostMemory(&host.memory)); err != nil {
		return err
	}
	return check(C.holdEnv(&host.env))
}

func unloadAPI() {
	C.release(C.ReleaseMemoryInfo, unsafe.Pointer(host.memory))
	C.release(C.ReleaseEnv, unsafe.Pointer(host.env))
	host.memory, host.env = nil, nil
}

// check is the error of a status, which it frees.
func check(s *C.OrtStatus) error {
	if s == nil {
		return nil
	}
	defer C.release(C.ReleaseStatus, unsafe.Pointer(s))
	return failure(errors.New(C.GoString(C.message(s))))
}

// handle is a session as the C API knows it. onnxruntime_go keeps the pointer to itself.
type handle = *C.OrtSession

func handleOf(s *ortgo.DynamicAdvancedSession) (handle, error) {
	v := reflect.ValueOf(s)
	for _, field := range []string{"s", "ortSession"} {
		if v = v.Elem().FieldByName(field); v.Kind() != reflect.Pointer {
			return nil, fmt.Errorf("this version of onnxruntime_go has no field %s of a session", field)
		}
	}
	return handle(v.UnsafePointer()), nil
}

// value is a tensor as ONNX Runtime sees it.
type value = *C.OrtValue

// overTensor is a value over t's own memory, which stays where it is until pin is undone.
func overTensor(t *tensor.Tensor, pin *goruntime.Pinner) (v value, err error) {
	data := t.Bytes()
	if len(data) == 0 {
		data = empty[:]
	}
	pin.Pin(&data[0])
	shape := ortShape(t.Shape())
	err = check(C.hostValue(host.memory, unsafe.Pointer(&data[0]), C.size_t(t.DType().Size()*t.Len()), (*C.int64_t)(&shape[0]), C.size_t(len(shape)), C.int(t.DType()), &v))
	return v, err
}

func releaseValues(values []value) {
	for _, v := range values {
		if v != nil {
			C.release(C.ReleaseValue, unsafe.Pointer(v))
		}
	}
}

// memory is where a session wants an input to be.
type memory = *C.OrtMemoryInfo

// inputMemories are the places of the session's n inputs. They live as long as the session.
func inputMemories(s handle, n int) ([]memory, error) {
	out := make([]memory, n)
	err := check(C.inputMemory(s, &out[0], C.size_t(n)))
	return out, err
}

func onDevice(m memory) bool { return C.onDevice(m) != 0 }

// allocator gives out memory of a session's device. It must outlive what it gave.
type allocator = *C.OrtAllocator

func newAllocator(s handle, m memory) (a allocator, err error) {
	err = check(C.newAllocator(s, m, &a))
	return a, err
}

func releaseAllocator(a allocator) { C.release(C.ReleaseAllocator, unsafe.Pointer(a)) }

// newValue is a value in the allocator's memory, whose content is not set.
func newValue(a allocator, t tensor.DType, shape tensor.Shape) (v value, err error) {
	dims := ortShape(shape)
	err = check(C.newValue(a, (*C.int64_t)(&dims[0]), C.size_t(len(dims)), C.int(t), &v))
	return v, err
}

// copyIn and copyOut copy a tensor to a value in the memory m and back.
func copyIn(v value, m memory, t *tensor.Tensor) error  { return copyTensor(v, m, t, true) }
func copyOut(v value, m memory, t *tensor.Tensor) error { return copyTensor(v, m, t, false) }

func copyTensor(v value, m memory, t *tensor.Tensor, in bool) error {
	if !onDevice(m) { // ONNX Runtime's own copy is for pairs of devices alone
		var at unsafe.Pointer
		if err := check(C.address(v, &at)); err != nil {
			return err
		}
		there, here := unsafe.Slice((*byte)(at), len(t.Bytes())), t.Bytes()
		if in {
			copy(there, here)
		} else {
			copy(here, there)
		}
		return nil
	}
	var pin goruntime.Pinner
	defer pin.Unpin()
	here, err := overTensor(t, &pin)
	if err != nil {
		return err
	}
	defer releaseValues([]value{here})
	if in {
		return check(C.copyValue(host.env, here, v))
	}
	return check(C.copyValue(host.env, v, here))
}

// ioBinding is ONNX Runtime's IoBinding: a value for each port of a session.
type ioBinding = *C.OrtIoBinding

func newIOBinding(s handle) (b ioBinding, err error) {
	err = check(C.newBinding(s, &b))
	return b, err
}

func releaseIOBinding(b ioBinding) { C.release(C.ReleaseIoBinding, unsafe.Pointer(b)) }

// bindInput copies v to the device when it is elsewhere; v's memory itself is bound when it is where the session wants it.
func bindInput(b ioBinding, name portName, v value) error {
	return check(C.bind(C.BindInput, b, name, v))
}

// bindOutput makes runs write v: at their end, by a copy, when it is not where the session computes it.
func bindOutput(b ioBinding, name portName, v value) error {
	return check(C.bind(C.BindOutput, b, name, v))
}

// portName is the name of an input or output in C's memory.
type portName = *C.char

func portNames(names []string) []portName {
	out := make([]portName, len(names))
	for i, n := range names {
		out[i] = C.CString(n)
	}
	return out
}

func freePortNames(names []portName) {
	for _, n := range names {
		C.free(unsafe.Pointer(n))
	}
}

// runOptions are the options of runs, through which they can be stopped.
type runOptions = *C.OrtRunOptions

func newRunOptions() (o runOptions, err error) {
	err = check(C.newRunOptions(&o))
	return o, err
}

func releaseRunOptions(o runOptions) { C.release(C.ReleaseRunOptions, unsafe.Pointer(o)) }

// terminate makes runs with o stop before their next node, until allow.
func terminate(o runOptions) error { return check(C.setRunOptions(C.RunOptionsSetTerminate, o)) }
func allow(o runOptions) error     { return check(C.setRunOptions(C.RunOptionsUnsetTerminate, o)) }

func runBound(s handle, o runOptions, b ioBinding) error { return check(C.run(s, o, b)) }
