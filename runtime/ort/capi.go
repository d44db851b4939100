//go:build cgo

package ort

// #include "capi.h"
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
	env       *C.OrtEnv
	memory    *C.OrtMemoryInfo
	allocator allocator // ONNX Runtime's own
	// Whether values are made under the numbers of renumbered, which is how the API tells their types: ONNX Runtime 1.30
	// takes the numbers for ONNX's where it makes them.
	renumbers bool
}

// places are the functions in use and their places in the API's table.
var places = map[string]int{
	"GetErrorMessage": C.GetErrorMessage, "CreateEnv": C.CreateEnv, "Run": C.Run, "CreateRunOptions": C.CreateRunOptions,
	"RunOptionsSetTerminate": C.RunOptionsSetTerminate, "RunOptionsUnsetTerminate": C.RunOptionsUnsetTerminate,
	"CreateTensorAsOrtValue": C.CreateTensorAsOrtValue, "CreateTensorWithDataAsOrtValue": C.CreateTensorWithDataAsOrtValue,
	"IsTensor": C.IsTensor, "GetTensorElementType": C.GetTensorElementType, "GetDimensionsCount": C.GetDimensionsCount,
	"GetDimensions": C.GetDimensions, "GetTensorTypeAndShape": C.GetTensorTypeAndShape, "ReleaseTensorTypeAndShapeInfo": C.ReleaseTensorTypeAndShapeInfo,
	"GetTensorMutableData": C.GetTensorMutableData, "CreateCpuMemoryInfo": C.CreateCpuMemoryInfo, "ReleaseEnv": C.ReleaseEnv,
	"ReleaseStatus": C.ReleaseStatus, "ReleaseMemoryInfo": C.ReleaseMemoryInfo, "ReleaseValue": C.ReleaseValue,
	"ReleaseRunOptions": C.ReleaseRunOptions, "CreateAllocator": C.CreateAllocator, "ReleaseAllocator": C.ReleaseAllocator,
	"RunWithBinding": C.RunWithBinding, "CreateIoBinding": C.CreateIoBinding, "ReleaseIoBinding": C.ReleaseIoBinding,
	"BindInput": C.BindInput, "BindOutput": C.BindOutput, "MemoryInfoGetDeviceType": C.MemoryInfoGetDeviceType,
	"SessionGetMemoryInfoForInputs": C.SessionGetMemoryInfoForInputs, "CopyTensors": C.CopyTensors,
	"SessionGetInputCount": C.SessionGetInputCount, "SessionGetOutputCount": C.SessionGetOutputCount,
	"SessionGetInputTypeInfo": C.SessionGetInputTypeInfo, "SessionGetOutputTypeInfo": C.SessionGetOutputTypeInfo,
	"SessionGetInputName": C.SessionGetInputName, "SessionGetOutputName": C.SessionGetOutputName,
	"GetStringTensorDataLength": C.GetStringTensorDataLength, "GetStringTensorContent": C.GetStringTensorContent,
	"GetResizedStringTensorElementBuffer": C.GetResizedStringTensorElementBuffer,
	"CastTypeInfoToTensorInfo":            C.CastTypeInfoToTensorInfo, "GetOnnxTypeFromTypeInfo": C.GetOnnxTypeFromTypeInfo,
	"CastTypeInfoToSequenceTypeInfo": C.CastTypeInfoToSequenceTypeInfo, "GetSequenceElementType": C.GetSequenceElementType,
	"CastTypeInfoToOptionalTypeInfo": C.CastTypeInfoToOptionalTypeInfo, "GetOptionalContainedTypeInfo": C.GetOptionalContainedTypeInfo,
	"ReleaseTypeInfo": C.ReleaseTypeInfo, "GetValueType": C.GetValueType, "HasValue": C.HasValue, "GetValue": C.GetValue,
	"GetValueCount": C.GetValueCount, "CreateValue": C.CreateValue, "AllocatorFree": C.AllocatorFree,
	"GetAllocatorWithDefaultOptions": C.GetAllocatorWithDefaultOptions,
}

// loadAPI takes the API's table from the library that onnxruntime_go has loaded from path.
func loadAPI(path string) error {
	getBase, err := apiBase(path)
	if err != nil {
		return err
	}
	if C.elboOrtLoad(getBase) == 0 {
		return errors.New("it is too old")
	}
	if err := check(C.hostMemory(&host.memory)); err != nil {
		return err
	}
	if err := check(C.defaultAllocator(&host.allocator)); err != nil {
		return err
	}
	host.renumbers = renumbers()
	return check(C.holdEnv(&host.env))
}

// renumbers makes a value under the API's number of a renumbered type, and asks for its type.
func renumbers() bool {
	var shape C.int64_t
	var v value
	want := C.int(renumbered[tensor.Uint2])
	if check(C.newValue(host.allocator, &shape, 1, want, &v)) != nil {
		return false
	}
	defer releaseValues([]value{v})
	var code C.int
	var rank C.size_t
	return check(C.form(v, &code, &rank, nil)) == nil && code == want
}

func unloadAPI() {
	C.release(C.ReleaseMemoryInfo, unsafe.Pointer(host.memory))
	C.release(C.ReleaseEnv, unsafe.Pointer(host.env))
	host.memory, host.env, host.allocator = nil, nil, nil
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

// value is a tensor, a sequence or an optional as ONNX Runtime sees it.
type value = *C.OrtValue

// overTensor is a value over t's own memory, which stays where it is until pin is undone.
func overTensor(t *tensor.Tensor, pin *goruntime.Pinner) (v value, err error) {
	return overShape(t, ortShape(t.Shape()), pin)
}

// overShape is overTensor under a shape of as many elements; none is a scalar's.
func overShape(t *tensor.Tensor, shape ortgo.Shape, pin *goruntime.Pinner) (v value, err error) {
	return overBytes(t.Bytes(), t.DType(), shape, pin)
}

// overBytes is a value over memory that holds elements as ONNX Runtime has them.
func overBytes(data []byte, dtype tensor.DType, shape ortgo.Shape, pin *goruntime.Pinner) (v value, err error) {
	n := len(data)
	if n == 0 {
		data = empty[:]
	}
	pin.Pin(&data[0])
	err = check(C.hostValue(host.memory, unsafe.Pointer(&data[0]), C.size_t(n), (*C.int64_t)(unsafe.SliceData(shape)), C.size_t(len(shape)), C.int(elementCode(dtype)), &v))
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
	err = check(C.newValue(a, (*C.int64_t)(&dims[0]), C.size_t(len(dims)), C.int(elementCode(t)), &v))
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

// runValues runs the session. It writes the values of out and makes those that are nil, which the caller releases. The
// options may be nil.
func runValues(s handle, o runOptions, inNames []portName, in []value, outNames []portName, out []value) error {
	return check(C.runValues(s, o, unsafe.SliceData(inNames), unsafe.SliceData(in), C.size_t(len(in)), unsafe.SliceData(outNames), C.size_t(len(out)), unsafe.SliceData(out)))
}
